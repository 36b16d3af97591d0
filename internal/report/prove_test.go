package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

func asked(from, via, name string, predicted, observed flow.Seen, differs ...proof.Difference) proof.Line {
	target := path.Target{Protocol: flow.TCP, Addr: netip.MustParseAddrPort("198.51.100.17:22")}
	l := proof.Line{
		Question: path.Question{From: from, To: name, Via: via}, Tries: 1,
		Predicted: proof.Sum{Seen: []flow.Seen{predicted}}, Observed: proof.Sum{Seen: []flow.Seen{observed}},
		Ways: []proof.Way{{
			From: from, Via: via, Target: target, Name: name, Tries: 1, Differences: differs,
			Predicted: []proof.Outcome{{Seen: predicted}}, Observed: []proof.Outcome{{Seen: observed}},
		}},
	}
	for range differs {
		l.Differs = append(l.Differs, "it differs")
	}
	return l
}

// proved is a proof with everything that can be in one, under names that want to
// command the terminal.
func proved() *Proof {
	const hostile = "te\x1b[31mst\u202e\n"
	dropped := asked("pod/"+hostile+"/web-0", "", "svc/"+hostile+"/ssh:22@vip", flow.Timeout, flow.Timeout)
	by := []flow.Origin{{Object: flow.Object{Kind: "NetworkPolicy", Namespace: hostile, Name: "deny"}}}
	dropped.Ways[0].Drops = []proof.Drop{{Node: "n1" + hostile, Direction: policy.Ingress, By: by, Packets: 2}, {Node: "n2", Direction: policy.Egress, Packets: 1}}
	x := &Proof{
		Built:     Built{Kernel: "6.18.1-" + hostile, Nodes: 2, Pods: 3, Clients: 1, Routers: 1, Connections: 9, Asked: time.Second},
		Dataplane: Dataplane{Proxy: "kube-proxy-nftables", Policy: "portolan", PodNetwork: "vxlan", Enforces: true, AfterSNAT: true, MasqueradeAll: true},
		Replaced:  []*model.UnprintableError{{Part: "policy", Name: hostile, Flags: []string{"self", "span"}}, {Part: "policy", Name: "cilium", Flags: []string{"identities"}}},
		All:       9000,
		Lines: []proof.Line{
			dropped,
			asked("external/"+hostile, "n1"+hostile, "svc/test/web:80@vip", flow.Connected, flow.Refused,
				proof.Difference{Kind: proof.Unpredicted, Outcome: proof.Outcome{Seen: flow.Refused}, Tries: 3},
				proof.Difference{Kind: proof.Unseen, Outcome: proof.Outcome{Seen: flow.Connected, Endpoint: hostile}, Tries: 3},
				proof.Difference{Kind: proof.Unsticky}, proof.Difference{Kind: proof.OtherPolicies, Drop: proof.Drop{Node: hostile, By: by}}),
			{Question: path.Question{From: "node/n1", To: hostile}, Unprovable: proof.UnprovableSCTP},
			{Question: path.Question{From: "node/n1", To: hostile}, Err: errors.New(hostile)},
		},
		Fixes: []*explain.Fix{{Question: path.Question{From: "external", To: hostile}, Outcome: explain.FixNeedless}, {Outcome: explain.FixWords}},
		After: []proof.Line{asked("external/"+hostile, "n1"+hostile, "svc/test/web:80@vip", flow.Connected, flow.Connected), dropped},
		Roads: []proof.Road{{Node: hostile, Packets: 2, Verdict: "drop", Stops: []proof.Stop{
			{Chain: "front" + hostile, Rule: "ct mark set " + strings.Repeat("a long rule ", 20) + hostile, Rows: []proof.Found{{Text: hostile, Origins: by}}},
			{Chain: "front", Rule: "jump elsewhere", Verdict: "jump"},
		}}},
		Counted:     []proof.Counted{{Node: hostile, Set: "allow", Text: hostile, Origins: by, Packets: 3}, {Set: "groups", Packets: 1}},
		Captures:    []Captured{{Machine: "node/n1", File: "packets/" + hostile, Packets: 3}},
		Assumptions: []flow.Reason{flow.Because(flow.CodeNoPolicyInInput)},
	}
	for i := range 5 {
		x.Lines = append(x.Lines, asked("pod/test/web-"+strconv.Itoa(i), "", "pod/test/db-0:5432", flow.Connected, flow.Connected))
	}
	return x
}

func proveText(t *testing.T, x *Proof, lang Lang) string {
	t.Helper()
	var b bytes.Buffer
	p := NewPrinter(&b)
	p.Lang = lang
	if err := p.Prove(x); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Whatever the names, the text fits and obeys nobody.
func TestProveText(t *testing.T) {
	for _, lang := range []Lang{English, Chinese} {
		for _, unfolded := range []bool{false, true} {
			x := proved()
			x.Unfolded = unfolded
			for _, line := range strings.Split(proveText(t, x, lang), "\n") {
				if Clean(line) != line {
					t.Errorf("%s: %q holds what a terminal obeys", lang, line)
				}
				if width(line) > 80 {
					t.Errorf("%s: %d columns: %s", lang, width(line), line)
				}
				if strings.Contains(line, "phrase-") || strings.Contains(line, "%!") {
					t.Errorf("%s: a sentence is missing: %s", lang, line)
				}
			}
		}
	}
}

func TestProveFolds(t *testing.T) {
	x := proved()
	text := proveText(t, x, English)
	flat := strings.Join(strings.Fields(text), " ")
	for _, want := range []string{
		"The kernel does otherwise than predicted", "5 pods of test", "9 of 9000 questions were asked",
		"is not provable here", "judges by identities", "not shown", "left out", "works already",
		"no pod is known at the address (egress)", "refused connected", "1 others are as before",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if i, j := strings.Index(text, "does otherwise"), strings.Index(text, "PREDICTED"); i < 0 || i > j {
		t.Errorf("differences do not come first:\n%s", text)
	}
	x.Unfolded = true
	if text := proveText(t, x, English); !strings.Contains(text, "pod/test/web-4") || strings.Contains(text, "5 pods") {
		t.Errorf("unfolded:\n%s", text)
	}
}

func TestProofOutcome(t *testing.T) {
	agrees := asked("node/n1", "", "svc/test/web:80@vip", flow.Connected, flow.Connected)
	differs := asked("node/n1", "", "svc/test/web:80@vip", flow.Connected, flow.Refused, proof.Difference{})
	not := proof.Line{Unprovable: proof.UnprovableUnknown}
	for _, c := range []struct {
		name         string
		lines, after []proof.Line
		want         Outcome
	}{
		{"nothing asked", nil, nil, NothingProved},
		{"nothing provable", []proof.Line{not}, nil, NothingProved},
		{"one of two", []proof.Line{not, agrees}, nil, AsPredicted},
		{"a difference", []proof.Line{agrees, differs, not}, nil, Differs},
		{"a difference after the fix", []proof.Line{agrees}, []proof.Line{differs}, Differs},
		{"agrees after the fix", []proof.Line{agrees}, []proof.Line{agrees}, AsPredicted},
	} {
		if got := (&Proof{Lines: c.lines, After: c.after}).Outcome(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestProveJSON(t *testing.T) {
	var b bytes.Buffer
	if err := ProveJSON(&b, proved()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") || strings.Contains(b.String(), `\u001b`) || strings.Contains(b.String(), "\u202e") {
		t.Errorf("null, or what a terminal obeys, in\n%s", b.String())
	}
	var d struct {
		Kind, Outcome                   string
		All, Asked, AsPredicted, Differ int
		NotProvable                     int
		Questions                       []struct{ Agrees, Proved bool }
		Replaced                        []struct{ Flags []string }
		Trace                           []struct {
			Rules []struct {
				Rows []struct{ Origins []struct{ Object string } }
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if d.Kind != "Proof" || d.Outcome != "differs" || d.All != 9000 || d.Asked != 9 || d.AsPredicted != 6 || d.Differ != 1 || d.NotProvable != 2 {
		t.Errorf("%+v", d)
	}
	if len(d.Questions) != 9 || d.Questions[1].Agrees || !d.Questions[1].Proved || len(d.Replaced) != 2 || len(d.Trace[0].Rules[0].Rows[0].Origins) != 1 {
		t.Errorf("%+v", d)
	}
}
