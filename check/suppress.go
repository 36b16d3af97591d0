package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Suppressed is a Finding that somebody took out, and why.
type Suppressed struct {
	Finding
	// Why is the reason that the annotation gives, "" where the baseline did it.
	Why string
}

// ignoreKey is the annotation that takes findings out: "CODE reason", several
// with ';' between them, or one under ignoreKey + "." + CODE.
const ignoreKey = "portolan.dev/ignore"

// Fingerprint is a Finding's name from one run to the next: its code and its
// object, whatever the file and the line.
func (f *Finding) Fingerprint() string {
	sum := sha256.Sum256([]byte(string(f.Code) + "\x00" + f.Object.String()))
	return hex.EncodeToString(sum[:16])
}

// Baseline are findings that are known: how many of each fingerprint.
type Baseline struct {
	Counts map[string]int
}

// suppress takes out what annotations name, then what the baseline holds.
func (l *linter) suppress() {
	notes := l.annotations()
	left := map[string]int{}
	if l.opt.Baseline != nil {
		left = maps.Clone(l.opt.Baseline.Counts)
	}
	order(l.out.Findings)
	var kept []Finding
	for _, f := range l.out.Findings {
		why, ignored := notes[f.Object][f.Code]
		mark := f.Fingerprint()
		switch {
		case ignored && f.Code != IgnoreInvalid:
			l.out.Suppressed = append(l.out.Suppressed, Suppressed{f, why})
		case left[mark] > 0:
			left[mark]--
			l.out.Suppressed = append(l.out.Suppressed, Suppressed{f, ""})
		default:
			kept = append(kept, f)
		}
	}
	l.out.Findings = kept
}

// annotations reads the notes of every object; those that name no code, or give
// no reason, are findings themselves and take nothing out.
func (l *linter) annotations() map[flow.Object]map[Code]string {
	all := map[flow.Object]map[Code]string{}
	read := func(o flow.Object, m *cluster.Meta) {
		for _, key := range slices.Sorted(maps.Keys(m.Annotations)) {
			rest, ours := strings.CutPrefix(key, ignoreKey)
			if !ours || rest != "" && rest[0] != '.' {
				continue
			}
			for note := range strings.SplitSeq(m.Annotations[key], ";") {
				if rest != "" {
					note = rest[1:] + " " + note
				}
				l.note(o, m, strings.TrimSpace(note), all)
			}
		}
	}
	for i := range l.s.NetworkPolicies {
		read(l.s.NetworkPolicies[i].Object(), &l.s.NetworkPolicies[i].Meta)
	}
	for i := range l.s.Services {
		read(l.s.Services[i].Object(), &l.s.Services[i].Meta)
	}
	for i := range l.s.MetalLB.Pools {
		read(l.s.MetalLB.Pools[i].Object(), &l.s.MetalLB.Pools[i].Meta)
	}
	for i := range l.s.Callbacks {
		read(l.s.Callbacks[i].Object, &l.s.Callbacks[i].Meta)
	}
	return all
}

func (l *linter) note(o flow.Object, m *cluster.Meta, note string, all map[flow.Object]map[Code]string) {
	if note == "" {
		return
	}
	word, why, _ := strings.Cut(note, " ")
	code, known := ParseCode(word)
	why = strings.TrimSpace(why)
	switch {
	case !known:
		l.found(IgnoreInvalid, at(o, "metadata.annotations", m.Position), flow.Because(flow.CodeLintIgnoreUnknown, ignoreKey, word, cmp.Or(string(NearCode(word)), "@no-near-code")))
	case why == "":
		l.found(IgnoreInvalid, at(o, "metadata.annotations", m.Position), flow.Because(flow.CodeLintIgnoreNoReason, ignoreKey, word))
	default:
		if all[o] == nil {
			all[o] = map[Code]string{}
		}
		all[o][code] = why
	}
}
