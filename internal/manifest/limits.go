package manifest

// Limits bound what one reading may cost. A zero field takes its default; the
// defaults are far above what an API server hands out (it stores no object
// above 1.5 MiB) and far below what would hurt the machine.
type Limits struct {
	// Bytes of all files and stdin together; only a small part of them is in
	// memory at a time. Default 16 GiB.
	Bytes int64
	// Document is the largest piece of YAML parsed at once: one document, or one
	// item of a list as kubectl prints it. In JSON an item of a list may have
	// eight times that. Default 64 MiB.
	Document int
	// Objects of all kinds together. Default 1,000,000.
	Objects int
	// Depth of mappings and lists within each other. Default 100.
	Depth int
	// Aliased values: how many values the YAML aliases of one document may
	// stand for altogether. kubectl prints no aliases. Default 10,000.
	Aliased int
	// Keys of one mapping. Default 100,000.
	Keys int

	window int // how much is read at once, 1 MiB; less in tests
}

func (l Limits) withDefaults() Limits {
	def := func(p *int, n int) {
		if *p <= 0 {
			*p = n
		}
	}
	if l.Bytes <= 0 {
		l.Bytes = 16 << 30
	}
	def(&l.Document, 64<<20)
	def(&l.Objects, 1_000_000)
	def(&l.Depth, 100)
	def(&l.Aliased, 10_000)
	def(&l.Keys, 100_000)
	def(&l.window, 1<<20)
	return l
}

// value is the largest value of JSON that is held in memory as text.
func (l *Limits) value() int { return 8 * l.Document }
