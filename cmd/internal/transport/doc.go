// Package transport speaks TLS below our links and doors.
//
// It owns the files of the tls- directives (certificates, keys, authorities): [Open]
// reads them and says in plain words which file of which directive is wrong; they are
// read again by [Keeper.Reload], and when one of them has changed by the next handshake.
// Files that are wrong then change nothing: the last good ones stay in use. Connections
// that are up keep what they were made with.
//
// Certificates are checked as by Redis: a chain to a trusted authority, for the right
// use, not the name, since instances and monitors are known by addresses that change.
//
// Handshakes on links to instances must not hide evidence. A process that runs a script
// or is stopped shakes no hands, though its kernel takes the connection and acknowledges
// our bytes. [Keeper.Eager] therefore gives out a connection as soon as TCP is up and
// goes on with the handshake behind it: writing and reading wait, and the socket can be
// asked for its acknowledgements meanwhile. An order of ours must not leave later than
// the caller believes, so it goes over [Keeper.Handshake], which waits.
//
// It may import config. A Keeper may be used from any goroutine.
//
// It is tested with certificates made by crypto/x509 and keys encrypted by openssl, over
// in-memory connections under testing/synctest and over sockets.
package transport
