// Package completion writes the scripts by which shells complete picket's words.
//
// The commands and flags come from kong's description and the directives from
// the parser's table; the templates beside the code hold the part that is the
// same for every program. The scripts stand alone: completing starts no picket.
// A field of a command says by a tag what else may stand in its place:
// complete:"file" and complete:"directives"; enum and bool need none.
//
// It may import config and kong. It holds no state; the tests of cmd/internal/cli
// run the scripts of the real commands in bash, and in zsh and fish where those
// are installed.
package completion
