package page

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

//go:embed index.html
var index []byte

// Handler serves the page.
func Handler() http.Handler {
	policy := policyOf(string(index))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(index)))
		_, _ = w.Write(index) // whoever left does not read it
	})
}

var (
	styles  = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
	scripts = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
)

// policyOf allows exactly the styles and scripts that stand in the page, and requests to
// this door; and it makes the browser refuse every text that would be read as markup.
func policyOf(page string) string {
	return "default-src 'none'; connect-src 'self'; img-src data:; style-src " + digests(styles, page) +
		"; script-src " + digests(scripts, page) + "; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func digests(of *regexp.Regexp, page string) string {
	var list []string
	for _, found := range of.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(found[1]))
		list = append(list, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	if len(list) == 0 {
		return "'none'"
	}
	return strings.Join(list, " ")
}
