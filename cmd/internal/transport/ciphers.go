package transport

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// suite is one cipher suite up to TLS 1.2, with OpenSSL's name and the words of its
// cipher lists that mean it, among others.
type suite struct {
	id    uint16
	name  string
	words string
}

// suites are those that crypto/tls has and OpenSSL 3 speaks at its usual level, but for
// 3DES and RC4, best first.
var suites = []suite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE aECDSA AES AES128 AESGCM"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE aRSA AES AES128 AESGCM"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE aECDSA AES AES256 AESGCM"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE aRSA AES AES256 AESGCM"},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE aECDSA CHACHA20"},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE aRSA CHACHA20"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "ECDHE-ECDSA-AES128-SHA", "ECDHE aECDSA AES AES128 SHA1"},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, "ECDHE-RSA-AES128-SHA", "ECDHE aRSA AES AES128 SHA1"},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, "ECDHE-ECDSA-AES256-SHA", "ECDHE aECDSA AES AES256 SHA1"},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, "ECDHE-RSA-AES256-SHA", "ECDHE aRSA AES AES256 SHA1"},
	{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, "AES128-GCM-SHA256", "kRSA aRSA AES AES128 AESGCM"},
	{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, "AES256-GCM-SHA384", "kRSA aRSA AES AES256 AESGCM"},
	{tls.TLS_RSA_WITH_AES_128_CBC_SHA, "AES128-SHA", "kRSA aRSA AES AES128 SHA1"},
	{tls.TLS_RSA_WITH_AES_256_CBC_SHA, "AES256-SHA", "kRSA aRSA AES AES256 SHA1"},
}

// synonyms are other words of OpenSSL for those above.
var synonyms = map[string]string{
	"EECDH": "ECDHE", "KECDHE": "ECDHE", "KEECDH": "ECDHE", "ECDSA": "AECDSA", "SHA": "SHA1", "RSA": "ARSA",
}

// everything are the words that mean all suites, nothing those that mean none of ours.
var (
	everything = strings.Fields("ALL DEFAULT HIGH TLSV1.2 TLSV1.0 TLSV1 SSLV3 COMPLEMENTOFDEFAULT")
	nothing    = strings.Fields(`MEDIUM LOW EXPORT EXP ANULL ENULL NULL COMPLEMENTOFALL ADH AECDH DES 3DES RC4 RC2 IDEA SEED
		CAMELLIA CAMELLIA128 CAMELLIA256 ARIA ARIA128 ARIA256 ARIAGCM AESCCM AESCCM8 MD5 SHA256 SHA384 PSK KPSK APSK KECDHEPSK
		KDHEPSK KRSAPSK SRP ASRP KSRP DSS ADSS DH DHE EDH KDHE KEDH ADHE GOST KGOST AGOST GOST89MAC GOST94`)
)

// cipherSuites reads an OpenSSL cipher list as far as it can mean something here: names
// of suites, groups of them, + between groups that must all hold, and ! or - before what
// is taken out. The order says nothing: crypto/tls takes the best that both sides have.
// nil means the default.
func cipherSuites(list string) ([]uint16, error) {
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' || r == ';' })
	if len(words) == 0 {
		return nil, nil
	}
	chosen, dead := map[uint16]bool{}, map[uint16]bool{}
	for _, word := range words {
		if strings.HasPrefix(word, "@") {
			continue // @STRENGTH sorts, @SECLEVEL is OpenSSL's own
		}
		bare := strings.TrimLeft(word, "!-+")
		ids, known := meant(bare)
		if !known {
			return nil, fmt.Errorf("read tls-ciphers: %q is no cipher that can be spoken here; use OpenSSL's names, such as %s, or DEFAULT",
				bare, suites[1].name)
		}
		for _, id := range ids {
			switch word[0] {
			case '!':
				dead[id] = true
			case '-':
				delete(chosen, id)
			case '+': // moves them to the end
			default:
				chosen[id] = true
			}
		}
	}
	var left []uint16
	for _, s := range suites {
		if chosen[s.id] && !dead[s.id] {
			left = append(left, s.id)
		}
	}
	if len(left) == 0 {
		return nil, fmt.Errorf("read tls-ciphers: %q leaves no cipher that can be spoken here; name one such as %s, or delete the line", list, suites[1].name)
	}
	return left, nil
}

// meant returns the suites that a word means, and whether it is known at all.
func meant(word string) (ids []uint16, known bool) {
	parts := strings.Split(strings.ToUpper(word), "+")
	for _, s := range suites {
		if strings.EqualFold(s.name, word) {
			return []uint16{s.id}, true
		}
		if !slices.ContainsFunc(parts, func(p string) bool { return !s.is(p) }) {
			ids = append(ids, s.id)
		}
	}
	known = !slices.ContainsFunc(parts, func(p string) bool { return !isWord(p) }) || isForeign(word)
	return ids, known
}

// is reports whether a word, in capitals, means the suite.
func (s suite) is(word string) bool {
	if other, ok := synonyms[word]; ok {
		word = other
	}
	return slices.Contains(everything, word) || slices.Contains(strings.Fields(strings.ToUpper(s.words)), word)
}

// isWord reports whether OpenSSL knows the word.
func isWord(word string) bool {
	return slices.Contains(nothing, word) || slices.ContainsFunc(suites, func(s suite) bool { return s.is(word) })
}

// isForeign recognises the name of a suite that OpenSSL has and we do not, so that a list
// that names one beside others can stand.
func isForeign(word string) bool {
	for _, prefix := range []string{"DHE-", "ECDHE-", "PSK-", "SRP-", "ADH-", "AES128-", "AES256-", "CAMELLIA", "ARIA", "DES-", "RSA-PSK-", "TLS_"} {
		if strings.HasPrefix(strings.ToUpper(word), prefix) {
			return true
		}
	}
	return false
}
