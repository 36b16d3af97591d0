package model

// Cores shares out work among goroutines, which a pure package does not start and
// its caller may: it calls worker for as many as it likes, one call after another,
// and when it has them all hands the functions every number below n, each once. Nil
// does one after another. Package internal/cores has one.
type Cores func(n int, worker func() func(i int))

// Beside does all the things, several at a time where there are cores.
func (c Cores) Beside(things ...func()) {
	if c == nil {
		for _, do := range things {
			do()
		}
		return
	}
	c(len(things), func() func(int) {
		return func(i int) { things[i]() }
	})
}
