package manifest

import "hash/maphash"

// words keeps one copy of strings that come again and again: namespaces, nodes,
// label keys and values. It forgets, and so stays small whatever is read. The
// zero value is usable; not for several goroutines.
type words struct {
	seed maphash.Seed
	have []string
}

// Words beyond maxWord bytes are seldom said twice.
const (
	maxWord   = 64
	wordSlots = 1 << 13
)

// word is the text as a string that holds on to nothing else.
func word[T ~string | ~[]byte](w *words, text T) string {
	if len(text) == 0 || len(text) > maxWord {
		return string(text)
	}
	if w.have == nil {
		w.seed, w.have = maphash.MakeSeed(), make([]string, wordSlots)
	}
	slot := &w.have[maphash.Bytes(w.seed, []byte(text))%wordSlots]
	if *slot != string(text) {
		*slot = string(text)
	}
	return *slot
}
