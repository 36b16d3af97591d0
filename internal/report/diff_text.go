package report

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/diff"
)

// DiffOptions say how a difference is printed.
type DiffOptions struct {
	// Verbose lists what is folded otherwise.
	Verbose bool
	// Input are the arguments that name the new version for the next command; ""
	// where no command reads it.
	Input string
}

// Diff prints what one version takes and gives, Services first.
func (p *Printer) Diff(r *diff.Report, o DiffOptions) error {
	d := &differ{p, o.Verbose}
	if o.Verbose {
		for _, x := range r.Objects {
			d.para(d.lead(phraseDiffObjects), d.object(x))
		}
		if len(r.Objects) > 0 {
			p.line("")
		}
	}
	for i := range r.Services {
		d.service(&r.Services[i], o.Input)
	}
	folded := d.connections(r.Connections)
	d.workloads(r)
	d.sum(r, folded)
	return p.Err()
}

// blankLead is the width of a lead.
const blankLead = "          "

func (d *differ) service(s *diff.Service, input string) {
	for _, items := range s.ByCause() {
		first := &items[0]
		head := d.paint(bold, servicePort(s))
		if len(s.Addrs) > 0 {
			head += " (" + strings.Join(addresses(s.Addrs), ", ") + ")"
		}
		d.para(d.mark(first.Lost), head)
		d.para(blankLead, d.what(items))
		d.by(&first.Loss)
		for _, r := range s.Taken {
			d.para(blankLead, d.say(r))
		}
		if first.Lost {
			for i := range s.Kept {
				d.para(d.lead(phraseDiffStill), d.clients(&s.Kept[i]))
			}
			if len(s.Beside) > 0 {
				d.para(d.lead(phraseDiffStill), d.t(phraseDiffBeside, d.few(s.Beside)))
			}
		}
		d.try(questionOf(items), first.Lost, input)
		d.line("")
	}
}

func addresses(all []netip.Addr) []string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = a.String()
	}
	return out
}

func (d *differ) mark(lost bool) string {
	if lost {
		return d.paint(red, d.lead(phraseDiffLost))
	}
	return d.paint(green, d.lead(phraseDiffGained))
}

// what is "from outside and from 2 of 3 nodes".
func (d *differ) what(items []diff.Item) string {
	alike := sameFronts(items)
	var from, parts []string
	for i := range items {
		if items[i].Moved {
			parts = append(parts, d.who(&items[i], false))
		} else {
			from = append(from, d.t(phraseDiffFrom, d.who(&items[i], !alike)))
		}
	}
	if n := len(from); n > 0 {
		s := from[0]
		if n > 1 {
			s = d.t(phraseDiffAnd, strings.Join(from[:n-1], d.comma()), from[n-1])
		}
		if alike && !items[0].All {
			s = d.t(phraseDiffFronts, s, kinds(&items[0]))
		}
		parts = append([]string{s}, parts...)
	}
	s := strings.Join(parts, d.pause())
	if !items[0].Sure {
		return d.t(phraseDiffPerhaps, s)
	}
	return s
}

// sameFronts: all are so by the same kinds of address, which is said once.
func sameFronts(items []diff.Item) bool {
	return !slices.ContainsFunc(items, func(it diff.Item) bool {
		return it.All != items[0].All || !it.All && (it.Family != items[0].Family || !slices.Equal(it.Fronts, items[0].Fronts))
	})
}

func (d *differ) comma() string {
	if d.Lang == Chinese {
		return "，"
	}
	return ", "
}

func (d *differ) by(l *diff.Loss) {
	for i, set := range l.Causes {
		lead := phraseDiffBy
		if i > 0 {
			lead = phraseDiffOrBy
		}
		d.para(d.lead(lead), d.cause(set))
	}
	switch {
	case len(l.Causes) == 0:
		d.para(d.lead(phraseDiffBy), d.t(phraseDiffNobody))
	case l.More:
		d.para(blankLead, d.t(phraseDiffMore))
	}
}

// questionOf is the first that can be asked.
func questionOf(items []diff.Item) *diff.Question {
	for i := range items {
		if items[i].Ask.From != "" {
			return &items[i].Ask
		}
	}
	return &items[0].Ask
}

func (d *differ) try(q *diff.Question, lost bool, input string) {
	if input == "" || q.From == "" {
		return
	}
	cmds := []string{"portolan explain " + q.To + input}
	if lost {
		cmds = append(cmds, "portolan fix "+q.From+" "+q.To+via(q.Via)+input)
	} else {
		cmds[0] = "portolan trace " + q.From + " " + q.To + via(q.Via) + input
	}
	for i, c := range cmds {
		lead := blankLead
		if i == 0 {
			lead = d.lead(phraseDiffTry)
		}
		d.line(lead + Clean(c))
	}
}

func via(node string) string {
	if node == "" {
		return ""
	}
	return " --via " + node
}

// mostLinks is how many connections of pods are printed before the rest is counted.
const mostLinks = 12

// connections prints those of pods and says how many it left out.
func (d *differ) connections(all []diff.Connection) int {
	shown, folded := 0, 0
	for i := range all {
		c := &all[i]
		if !d.all && (c.Told || shown == mostLinks) {
			folded++
			continue
		}
		shown++
		text := d.link(c)
		if !c.Sure {
			text = d.t(phraseDiffPerhaps, text)
		}
		d.para(d.mark(c.Lost), text)
		d.by(&c.Loss)
		d.line("")
	}
	return folded
}

func (d *differ) workloads(r *diff.Report) {
	for _, l := range []struct {
		lead   string
		groups []diff.Group
	}{{d.lead(phraseDiffGone), r.Gone}, {d.lead(phraseDiffCome), r.Come}} {
		if len(l.groups) > 0 {
			d.para(l.lead, d.groups(l.groups))
		}
	}
}

func (d *differ) sum(r *diff.Report, folded int) {
	if !r.Lost() && !r.Gained() {
		nothing := phraseDiffNothing
		if !r.Focus.All() {
			nothing = phraseDiffNothingThere
		}
		d.line(d.t(nothing))
	}
	d.para("", d.summary(r))
	if folded > 0 {
		d.para("", d.t(phraseDiffFolded, folded))
	}
}

// summary counts.
func (d *differ) summary(r *diff.Report) string {
	lost, gained := 0, 0
	for i := range r.Services {
		if slices.ContainsFunc(r.Services[i].Items, func(it diff.Item) bool { return it.Lost }) {
			lost++
		}
		if slices.ContainsFunc(r.Services[i].Items, func(it diff.Item) bool { return !it.Lost }) {
			gained++
		}
	}
	s := d.t(phraseDiffSum, lost, gained, r.Same, len(r.Objects))
	lost, gained = 0, 0
	for i := range r.Connections {
		switch c := &r.Connections[i]; {
		case c.Told:
		case c.Lost:
			lost++
		default:
			gained++
		}
	}
	if lost+gained > 0 {
		s += d.pause() + d.t(phraseDiffPods, lost, gained)
	}
	for _, note := range d.beside(r) {
		s += d.pause() + note
	}
	return s
}

// beside is what a Report does not tell of: changes outside the focus, and what could
// not be read.
func (d *differ) beside(r *diff.Report) []string {
	var out []string
	if !r.Focus.All() {
		out = append(out, d.beyond(r))
	}
	if r.Unaddressed > 0 {
		out = append(out, d.t(phraseDiffUnaddressed, r.Unaddressed))
	}
	if len(r.Unread) > 0 {
		out = append(out, d.unread(r))
	}
	return out
}

func (d *differ) unread(r *diff.Report) string {
	return d.t(phraseDiffUnread, Clean(strings.Join(r.Unread, ", ")))
}

// beyond says how much there is outside the focus.
func (d *differ) beyond(r *diff.Report) string {
	if r.Beyond == 1 {
		return d.t(phraseDiffBeyondOne)
	}
	return d.t(phraseDiffBeyond, r.Beyond)
}
