// Package manual writes the manual pages, in the language of man(7).
//
// picket(1) is made from kong's description of the commands and picket.conf(5)
// from the parser's table of directives, so that neither can say what the
// program does not do; what no table knows (signals, files, examples) stands in
// the templates beside the code. It may import config and kong. It holds no
// state; the tests of cmd/internal/cli read the pages of the real commands.
package manual
