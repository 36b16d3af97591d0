package main

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// result is what became of a mutant.
type result struct {
	*mutant
	killed bool
	by     string // program and test, or "": no test meets it
	met    bool
}

// try runs the mutants that are asked for, some at a time. The results are in
// the order of the mutants.
func try(mutants []*mutant, tests []*test, known []*review, workers int) []result {
	out := make([]result, len(mutants))
	work := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range work {
				if out[i] = judge(mutants[i], tests, known); !out[i].killed {
					fmt.Fprintf(os.Stderr, "survives: %s\n", mutants[i].key())
				}
			}
		})
	}
	start := time.Now()
	for i := range mutants {
		work <- i
		if i%200 == 199 {
			fmt.Fprintf(os.Stderr, "%d of %d in %v\n", i+1, len(mutants), time.Since(start).Round(time.Second))
		}
	}
	close(work)
	wg.Wait()
	return out
}

// judge asks the tests that meet the mutant, the quickest first: under -short, and
// then whole, unless somebody reviewed it.
func judge(m *mutant, tests []*test, known []*review) result {
	r := result{mutant: m}
	for _, whole := range []bool{false, true} {
		if whole && slices.ContainsFunc(known, func(k *review) bool { return k.covers(m) }) {
			break
		}
		for _, t := range tests {
			if t.whole != whole || !t.meets[m.id] {
				continue
			}
			r.met = true
			if _, err := t.run(5*time.Second+8*t.takes, m.id, ""); err != nil {
				r.killed, r.by = true, t.program.name+" "+t.name
				return r
			}
		}
	}
	return r
}
