package report

import (
	"io"
	"strconv"

	"github.com/portolan-net/portolan/flow"
)

// Grant is one right that reading a cluster needs, and whether it is granted.
type Grant struct {
	Right   string    `json:"right"` // "list pods"
	Allowed bool      `json:"allowed"`
	Loss    flow.Code `json:"loss"` // what cannot be answered without it
}

// Grants prints what reading needs and what of it is granted; what is not comes
// first, with what is lost.
func (p *Printer) Grants(all []Grant) error {
	return p.grants(all, phraseRightAsked, phraseRightBind)
}

// ProbeGrants prints the same of what probing needs besides.
func (p *Printer) ProbeGrants(all []Grant) error {
	return p.grants(all, phraseProbeRights, phraseProbeBind)
}

func (p *Printer) grants(all []Grant, asked, bind flow.Code) error {
	granted, widest := 0, 0
	for _, g := range all {
		if g.Allowed {
			granted++
		}
		widest = max(widest, width(g.Right))
	}
	widest = min(widest, p.Width/2)
	p.para("", p.Lang.t(asked, strconv.Itoa(granted), strconv.Itoa(len(all))))
	for _, allowed := range []bool{false, true} {
		for _, g := range all {
			switch {
			case g.Allowed != allowed:
			case allowed:
				p.line("  " + pad(p.Lang.t(phraseRightAllowed), 5) + Clean(g.Right))
			default:
				p.para("  "+pad(p.Lang.t(phraseRightMissing), 5)+pad(Clean(g.Right), widest)+"  ", p.Lang.t(g.Loss))
			}
		}
	}
	if granted < len(all) {
		p.para("", p.Lang.t(bind))
	}
	return p.err
}

// GrantsJSON writes the grants as JSON: {"allowed": all of them, "rights": [...]}.
func GrantsJSON(w io.Writer, all []Grant) error {
	granted := true
	for _, g := range all {
		granted = granted && g.Allowed
	}
	return write(w, struct {
		head
		Allowed bool    `json:"allowed"`
		Rights  []Grant `json:"rights"`
	}{head{APIVersion, "Rights"}, granted, all})
}
