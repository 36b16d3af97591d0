package report

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

func mapOf(t *testing.T, s *cluster.Snapshot, o atlas.Options) *MapView {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := atlas.Make(reach.Compile(m), o)
	if err != nil {
		t.Fatal(err)
	}
	return &MapView{Map: drawn}
}

// mapped is a cluster of many apps, each a workload of the given name.
func mapped(seed uint64, name func(namespace string, n uint16) string) *cluster.Snapshot {
	s := generate.Cluster(generate.Size{Nodes: 6, Pods: 400, Services: 60, Policies: 60, Namespaces: 30}, seed)
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: name(p.Namespace, p.Ports[0].Port)}
	}
	return s
}

// No line is wider than the terminal, in any language, fold or view.
func TestMapWidth(t *testing.T) {
	long := func(ns string, n uint16) string { return strings.Repeat(ns+"-service-", 4) + string(rune('a'+n%26)) }
	for seed := range uint64(3) {
		s := mapped(seed, long)
		for _, o := range []atlas.Options{
			{},
			{By: atlas.ByWorkload},
			{By: atlas.ByClass, Only: atlas.Blocked},
			{Ports: atlas.Open, Namespace: s.Pods[0].Namespace},
			{Only: atlas.Exposed, By: atlas.ByNamespace},
			{From: "ns/" + s.Pods[0].Namespace, To: "ns/" + s.Pods[1].Namespace},
		} {
			v := mapOf(t, s, o)
			for _, lang := range []Lang{English, Chinese} {
				for _, v.Exposure = range []bool{false, true} {
					var b strings.Builder
					p := NewPrinter(&b)
					p.Lang = lang
					if err := p.Map(v); err != nil {
						t.Fatal(err)
					}
					for _, line := range strings.Split(b.String(), "\n") {
						if width(line) > 80 {
							t.Errorf("%+v, %s: %d columns: %s", o, lang, width(line), line)
						}
					}
				}
			}
		}
	}
}

// A name from the input is text in every format.
func TestMapHostile(t *testing.T) {
	const name = "=cmd|'x'\x1b[31m\u202e|<b>`*[a](http://x)\nend"
	s := mapped(1, func(string, uint16) string { return name })
	v := mapOf(t, s, atlas.Options{By: atlas.ByWorkload})
	for i := range v.Rows {
		v.Rows[i].Name = name // as if no namespace stood before it
	}
	var text, j, c, md strings.Builder
	for _, err := range []error{NewPrinter(&text).Map(v), MapJSON(&j, v), MapCSV(&c, v), MapMarkdown(&md, v, English)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for format, out := range map[string]string{"text": text.String(), "json": j.String(), "csv": c.String(), "md": md.String()} {
		for _, r := range out {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%s holds %U", format, r)
				break
			}
		}
		if !strings.Contains(out, "cmd") {
			t.Errorf("%s does not name it at all", format)
		}
	}
	if strings.Contains(md.String(), "<b>") || strings.Contains(md.String(), "*[a]") {
		t.Error("md: a name is markup")
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(j.String()), &doc); err != nil || doc["kind"] != "Map" {
		t.Errorf("json: %v", err)
	}
	records, err := csv.NewReader(strings.NewReader(c.String())).ReadAll()
	if err != nil || len(records) < 2 {
		t.Fatalf("csv: %d records, %v", len(records), err)
	}
	cells := 0
	for i := range v.Lines {
		cells += len(v.Lines[i].From) * len(v.Lines[i].To)
	}
	if len(records) != cells+1 {
		t.Errorf("csv: %d records of %d cells", len(records), cells)
	}
	for _, r := range records[1:] {
		if strings.ContainsAny(r[0][:1]+r[1][:1], "=+-@") {
			t.Fatalf("csv: %q would be a formula", r[:2])
		}
	}
}

// JSON has no null, and the counts are those of the lines.
func TestMapJSON(t *testing.T) {
	v := mapOf(t, mapped(2, func(ns string, n uint16) string { return ns }), atlas.Options{By: atlas.ByNamespace})
	var b strings.Builder
	if err := MapJSON(&b, v); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Error("a list is null")
	}
	var d mapDoc
	if err := json.Unmarshal([]byte(b.String()), &d); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, l := range d.Lines {
		count[l.Level] += len(l.From) * len(l.To)
	}
	if count["all"] != d.Cells.All || count["part"] != d.Cells.Part || count["none"] != d.Cells.None || d.Cells.Part == 0 {
		t.Errorf("%v, counted %+v", count, d.Cells)
	}
	if len(d.Services) == 0 || len(d.Rows) != v.Size.Namespaces {
		t.Errorf("%d Services, %d rows", len(d.Services), len(d.Rows))
	}
}

// Colour is only where it is asked for, and repeats what a word says.
func TestMapColour(t *testing.T) {
	v := mapOf(t, mapped(1, func(ns string, n uint16) string { return ns }), atlas.Options{By: atlas.ByNamespace})
	var plain, coloured strings.Builder
	if err := NewPrinter(&plain).Map(v); err != nil {
		t.Fatal(err)
	}
	p := NewPrinter(&coloured)
	p.Color = true
	if err := p.Map(v); err != nil {
		t.Fatal(err)
	}
	bare := coloured.String()
	for _, c := range []string{red, green, yellow, bold, reset} {
		bare = strings.ReplaceAll(bare, c, "")
	}
	if strings.Contains(plain.String(), "\x1b") || bare != plain.String() {
		t.Error("text with and without colour differs")
	}
}
