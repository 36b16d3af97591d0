package nft

// Understood reports whether a reader sees a rule's lookup in a set.
func Understood(rule, set string) bool {
	for _, m := range lookups.FindAllStringSubmatch(rule, -1) {
		if m[3] == set {
			return true
		}
	}
	return false
}
