package manifest

import "strings"

// The API server's rules for names (k8s.io/apimachinery/pkg/util/validation),
// by hand: they keep everything hostile out of names before anything prints
// them.

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c) || 'A' <= c && c <= 'Z' || isDigit(c) }

// isDNSLabel is RFC 1123's label: lower case letters, digits and inner '-'.
func isDNSLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !isLower(s[i]) && !isDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// isDNSSubdomain is RFC 1123's subdomain: labels with dots between, 253 at
// most; one label may then be longer than 63, as in the API server.
func isDNSSubdomain(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isLower(label[i]) && !isDigit(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return true
}

// isNamePart is the part of a label key behind the slash.
func isNamePart(s string) bool {
	if s == "" || len(s) > 63 || !isAlnum(s[0]) || !isAlnum(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if !isAlnum(s[i]) && s[i] != '-' && s[i] != '_' && s[i] != '.' {
			return false
		}
	}
	return true
}

// isLabelKey is a qualified name: [PREFIX/]NAME.
func isLabelKey(s string) bool {
	prefix, name, ok := strings.Cut(s, "/")
	if !ok {
		return isNamePart(s)
	}
	return isDNSSubdomain(prefix) && isNamePart(name)
}

// isLabelValue is empty or like a label key's name.
func isLabelValue(s string) bool { return s == "" || isNamePart(s) }

// isPortName is IANA_SVC_NAME of RFC 6335, lower case.
func isPortName(s string) bool {
	return len(s) <= 15 && isDNSLabel(s) && !strings.Contains(s, "--") && strings.Trim(s, "0123456789-") != ""
}

// isWord is a name in our own kinds: printable, without spaces or slashes.
func isWord(s string) bool { return isNamePart(s) }
