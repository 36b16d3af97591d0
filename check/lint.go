package check

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Finding is one thing in the input that does not do what it is there for, or
// does it in a way that is easily read otherwise. docs/lint.md lists the codes.
type Finding struct {
	Code     Code
	Severity Severity
	Object   flow.Object
	// Field is the part of the object as an API field path, "" for all of it.
	Field    string
	Position flow.Position
	// Reason is the sentence.
	Reason flow.Reason
	// Related are the other objects that it takes two of, or that it is about.
	Related []flow.Origin
	// Ask is a question whose trace shows it; zero where no packet does, or where
	// the input has no node to send one from.
	Ask path.Question
	// Trace is the answer's first path that fails, nil where none was walked.
	Trace *flow.Trace
}

// Severity is how much a Finding matters. The rule: an error is something that
// the input itself shows not to work, or to be lost; a warning something that
// works otherwise than it reads; info a fact that is often meant.
type Severity uint8

// The severities, the least first. The zero value is none at all.
const (
	Nothing Severity = iota
	Info
	Warning
	Error
)

var severityNames = [...]string{"none", "info", "warning", "error"}

// String is the word in flags and in JSON.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "severity?"
}

// Severities lists every severity, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Info} }

// ParseSeverity is the inverse of String.
func ParseSeverity(word string) (Severity, bool) {
	i := slices.Index(severityNames[:], word)
	return Severity(max(i, 0)), i >= 0
}

// Lint is everything that was found in one Snapshot.
type Lint struct {
	// Findings are sorted: the worst first, then by code, object and place.
	Findings []Finding
	// Suppressed are those that an annotation or the baseline takes out.
	Suppressed []Suppressed
	// Unchecked are the codes that the input lacks something for.
	Unchecked []Unchecked
	// Objects is the number of objects that were looked at.
	Objects int
}

// Unchecked is a code that was not looked for, because the input holds none of
// the kinds it needs.
type Unchecked struct {
	Code  Code
	Lacks []string
}

// Options say what to look for and what to leave out.
type Options struct {
	// Only: nothing but these, unless it is empty. Skip: all but these.
	Only, Skip []Code
	// Baseline are findings that are known; see Fingerprint.
	Baseline *Baseline
	// Also are findings from outside of this package, of the reader of manifests.
	Also []Finding
}

func (o *Options) wants(c Code) bool {
	return (len(o.Only) == 0 || slices.Contains(o.Only, c)) && !slices.Contains(o.Skip, c)
}

// Run looks for everything in docs/lint.md.
func Run(m *model.Model, o Options) *Lint {
	l := &linter{m: m, s: m.Snapshot, x: newScene(m), opt: &o, off: map[Code]bool{}, dark: map[flow.Object]bool{}, out: &Lint{}}
	l.prepare()
	l.policies()
	l.services()
	l.balancers()
	l.callbacks()
	for i := range o.Also {
		l.add(o.Also[i])
	}
	l.suppress()
	order(l.out.Findings)
	l.out.Objects = len(l.s.NetworkPolicies) + len(l.s.Services) + len(l.s.MetalLB.Pools) + len(l.s.Callbacks)
	return l.out
}

// linter is a Lint in progress.
type linter struct {
	m    *model.Model
	s    *cluster.Snapshot
	x    *scene
	opt  *Options
	off  map[Code]bool
	seen map[string]bool
	out  *Lint
	dark map[flow.Object]bool // pools that nobody announces
	// traced counts the questions asked of path.
	traced int
}

// prepare switches off what the input lacks something for. A code about kinds
// that are not there at all is not worth a word.
func (l *linter) prepare() {
	l.seen = map[string]bool{}
	for i := range table {
		r := &table[i]
		if !l.opt.wants(r.Code) {
			l.off[r.Code] = true
			continue
		}
		var lacks []string
		for _, kind := range r.Needs {
			if l.lacks(kind) {
				lacks = append(lacks, l.named(kind))
			}
		}
		if len(lacks) > 0 {
			l.off[r.Code] = true
			if l.has(r.About) {
				l.out.Unchecked = append(l.out.Unchecked, Unchecked{r.Code, lacks})
			}
		}
	}
}

func (l *linter) lacks(kind string) bool {
	switch kind {
	case "IPAddressPool":
		return len(l.s.MetalLB.Pools) == 0 || slices.ContainsFunc([]string{kind, "L2Advertisement", "BGPAdvertisement", "BGPPeer"}, l.m.Lacks)
	default:
		return l.m.Lacks(kind)
	}
}

// named is a kind that is lacking, with what would have read it.
func (l *linter) named(kind string) string {
	if u := l.s.UnreadOf(kind); u != nil {
		return kind + " (" + u.Words() + ")"
	}
	return kind
}

func (l *linter) has(kind string) bool {
	switch kind {
	case "NetworkPolicy":
		return len(l.s.NetworkPolicies) > 0
	case "Service":
		return len(l.s.Services) > 0
	case "LoadBalancer":
		return slices.ContainsFunc(l.s.Services, func(s cluster.Service) bool { return s.Type == cluster.ServiceLoadBalancer })
	case "IPAddressPool":
		return len(l.s.MetalLB.Pools) > 0
	case "Webhook":
		return len(l.s.Callbacks) > 0
	}
	return true
}

// found makes a Finding at an object's part and adds it.
func (l *linter) found(c Code, at flow.Origin, why flow.Reason, related ...flow.Origin) {
	l.add(Finding{Code: c, Object: at.Object, Field: at.Field, Position: at.Position, Reason: why, Related: related})
}

// add takes a Finding in, once.
func (l *linter) add(f Finding) {
	if l.off[f.Code] {
		return
	}
	k := string(f.Code) + "\x00" + f.Object.String() + "\x00" + f.Field + "\x00" + f.Reason.String()
	if l.seen[k] {
		return
	}
	l.seen[k] = true
	f.Severity = SeverityOf(f.Code)
	l.out.Findings = append(l.out.Findings, f)
}

func order(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			int(b.Severity)-int(a.Severity), strings.Compare(string(a.Code), string(b.Code)), a.Object.Compare(b.Object),
			strings.Compare(a.Position.File, b.Position.File), a.Position.Line-b.Position.Line,
			strings.Compare(a.Field, b.Field), strings.Compare(a.Reason.String(), b.Reason.String()),
		)
	})
}

// Worst is the highest severity among the findings.
func (l *Lint) Worst() Severity {
	worst := Nothing
	for i := range l.Findings {
		worst = max(worst, l.Findings[i].Severity)
	}
	return worst
}

// Count counts the findings of a severity.
func (l *Lint) Count(s Severity) int {
	n := 0
	for i := range l.Findings {
		if l.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// at is a part of an object.
func at(o flow.Object, field string, positions ...flow.Position) flow.Origin {
	x := flow.Origin{Object: o, Field: field}
	for _, p := range positions {
		if p.Line != 0 {
			x.Position = p
			break
		}
		if x.Position.File == "" {
			x.Position = p
		}
	}
	return x
}

// judge asks the policies of one direction of the subject about a packet.
func (l *linter) judge(d policy.Direction, subject *cluster.Pod, peer policy.Party, proto flow.Protocol, port uint16) policy.Verdict {
	q := policy.Question{Direction: d, Peer: peer, Protocol: proto, Port: port}
	q.Subject = partyOf(subject)
	return l.m.Policies.Judge(q).Verdict
}

// partyOf is a pod as the other end of a connection.
func partyOf(p *cluster.Pod) policy.Party {
	party := policy.Party{Pod: p}
	if len(p.IPs) > 0 {
		party.Addr = p.IPs[0]
	}
	return party
}

// names lists the first of some names, and how many more there are.
func names(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + ", +" + itoa(len(all)-most)
}
