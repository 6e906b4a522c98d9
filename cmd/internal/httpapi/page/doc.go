// Package page is the one page of the HTTP door, embedded as it stands: no build
// step, no request to anybody else. Its styles and scripts stand in it, and the
// Content-Security-Policy names their digests, so that nothing else can run there.
//
// It imports nothing of this program: the page reads the JSON of httpapi.
package page
