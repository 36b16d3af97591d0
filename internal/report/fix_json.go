package report

import (
	"io"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
)

type fixDoc struct {
	head
	From         string            `json:"from"`
	To           string            `json:"to"`
	Via          string            `json:"via,omitempty"`
	Outcome      string            `json:"outcome"`
	Before       tallyJSON         `json:"before"`
	After        tallyJSON         `json:"after"`
	Manifests    []object          `json:"manifests"`
	Patches      []patchJSON       `json:"patches"`
	Reasons      []reasonJSON      `json:"reasons"`
	Proof        proofJSON         `json:"proof"`
	Alternatives []alternativeJSON `json:"alternatives"`
	NearMisses   []nearMissJSON    `json:"nearMisses"`
	Assumptions  []reasonJSON      `json:"assumptions"`
	Deviations   []reasonJSON      `json:"deviations"`
	Ignored      []ignoredJSON     `json:"ignored"`
}

type tallyJSON struct {
	Verdict string `json:"verdict"`
	Reached int    `json:"reached"`
	Paths   int    `json:"paths"`
}

type patchJSON struct {
	Object  string `json:"object"`
	Patch   object `json:"patch"`
	Command string `json:"command"`
}

type proofJSON struct {
	Holds  bool         `json:"holds"`
	Opens  []reasonJSON `json:"opens"`
	Others []reasonJSON `json:"others"`
	Pods   int          `json:"pods"`
	Ports  int          `json:"ports"`
	Peers  int          `json:"peers"`
	// Unread are the kinds that could not be read, with the right: the rest is proved.
	Unread []string `json:"unread,omitempty"`
}

type alternativeJSON struct {
	Name string `json:"name"`
	reasonJSON
	tallyJSON
	Prices    []reasonJSON `json:"prices"`
	Manifests []object     `json:"manifests"`
	Patches   []patchJSON  `json:"patches"`
}

type nearMissJSON struct {
	reasonJSON
	tallyJSON
	Works   bool         `json:"works"`
	Reasons []reasonJSON `json:"reasons"`
}

// FixJSON writes a document of kind Fix.
func FixJSON(w io.Writer, f *explain.Fix) error {
	d := fixDoc{
		head: head{APIVersion, "Fix"},
		From: Clean(f.Question.From), To: Clean(f.Question.To), Via: Clean(f.Question.Via),
		Outcome: f.Outcome.String(), Before: toTally(f.Before), After: toTally(f.After),
		Manifests: toManifests(f.Policies), Patches: toPatches(f.Edits), Reasons: toReasons(f.Why),
		Proof:        proofJSON{Holds: f.Holds(), Opens: toReasons(nil), Others: toReasons(nil)},
		Alternatives: []alternativeJSON{}, NearMisses: []nearMissJSON{},
		Assumptions: toReasons(f.Assumptions), Deviations: toReasons(f.Deviations), Ignored: toIgnored(f.Ignored),
	}
	if p := f.Proof; p != nil {
		d.Proof = proofJSON{f.Holds(), toReasons(p.Opens), toReasons(p.Others), p.Pods, p.Ports, p.Peers, cleanAll(f.Unread)}
	}
	for i := range f.Alternatives {
		a := &f.Alternatives[i]
		d.Alternatives = append(d.Alternatives, alternativeJSON{
			Name: a.Name, reasonJSON: toReason(a.What), tallyJSON: toTally(a.After), Prices: toReasons(a.Prices),
			Manifests: toManifests(a.Policies), Patches: toPatches(a.Edits),
		})
	}
	for i := range f.NearMisses {
		n := &f.NearMisses[i]
		d.NearMisses = append(d.NearMisses, nearMissJSON{toReason(n.What), toTally(n.After), n.Works(), toReasons(n.Why)})
	}
	return write(w, d)
}

func toTally(t explain.Tally) tallyJSON {
	return tallyJSON{t.Verdict.String(), t.Reached, t.Paths}
}

func toManifests(policies []*cluster.NetworkPolicy) []object {
	out := []object{}
	for _, p := range policies {
		out = append(out, policyObject(p))
	}
	return out
}

func toPatches(edits []explain.Edit) []patchJSON {
	out := []patchJSON{}
	for i := range edits {
		out = append(out, patchJSON{Clean(edits[i].Object().String()), patchObject(&edits[i]), Clean(patchCommand(&edits[i], false))})
	}
	return out
}
