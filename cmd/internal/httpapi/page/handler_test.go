package page

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// The digests are those that the browsers' makers' documents give for this script.
func TestThePolicyAllowsWhatStandsInThePageAlone(t *testing.T) {
	const script = `<script>alert('Hello, world.');</script>`
	if got := policyOf(script); !strings.Contains(got, "script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';") || !strings.Contains(got, "style-src 'none'") {
		t.Errorf("policy %s", got)
	}
}

func TestThePageAsksNobodyElse(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if found := regexp.MustCompile(`(?i)(src|href)="(https?:)?//[^"]*"|\son[a-z]+="|\sstyle="|<(script|style) `).FindAllString(w.Body.String(), -1); found != nil {
		t.Errorf("the policy will not let these work: %q", found)
	}
}
