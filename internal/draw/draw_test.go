package draw

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

var formats = []string{"dot", "mermaid", "svg", "svg-matrix", "svg-graph", "html"}

// workloads is a cluster of n workloads in few namespaces, some of which a policy
// closes to others, with Services in front of some.
func workloads(t testing.TB, n int, name func(int) string) *atlas.Map {
	t.Helper()
	s := &cluster.Snapshot{}
	for i := range 3 {
		s.Nodes = append(s.Nodes, cluster.Node{Meta: cluster.Meta{Name: fmt.Sprintf("n%d", i)}, InternalIPs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)})}})
	}
	spaces := max(n/25, 2)
	for i := range spaces {
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: fmt.Sprintf("ns-%d", i)}})
		if i%3 > 0 {
			s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
				Meta: cluster.Meta{Namespace: fmt.Sprintf("ns-%d", i), Name: "own"}, IsolatesIngress: true,
				Ingress: []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}}}},
			})
		}
	}
	for i := range n {
		ns, labels := fmt.Sprintf("ns-%d", i%spaces), cluster.Labels{"app": fmt.Sprint(i)}
		s.Pods = append(s.Pods, cluster.Pod{
			Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprintf("p%d", i), Labels: labels}, Node: fmt.Sprintf("n%d", i%3), Phase: cluster.PodRunning, Ready: true,
			IPs:   []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(i%250 + 1)})},
			Owner: flow.Object{Kind: "Deployment", Namespace: ns, Name: name(i)}, Ports: []cluster.ContainerPort{{Protocol: flow.TCP, Port: uint16(8000 + i%7)}},
		})
		if i%20 == 0 {
			svc := cluster.Service{
				Meta: cluster.Meta{Namespace: ns, Name: fmt.Sprintf("s%d", i)}, Type: cluster.ServiceNodePort, Selector: labels,
				ClusterIPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 96, 0, byte(i/20 + 1)})},
				Ports:      []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 8000}, NodePort: uint16(30000 + i)}},
			}
			s.Services = append(s.Services, svc)
		}
	}
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := atlas.Make(reach.Compile(m), atlas.Options{By: atlas.ByWorkload})
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

func app(i int) string { return fmt.Sprintf("app-%d", i) }

func written(t testing.TB, format string, m *atlas.Map, lang report.Lang) string {
	t.Helper()
	var b strings.Builder
	if err := Draw(format, &b, m, lang.MapWords()); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.String()
}

// Boxes do not overlap, and nothing sticks out of the picture, at any size.
func TestGeometry(t *testing.T) {
	for _, n := range []int{1, 2, 5, 50, 500} {
		m := workloads(t, n, app)
		for _, lang := range []report.Lang{report.English, report.Chinese} {
			for _, format := range []string{"svg", "svg-matrix", "svg-graph"} {
				check(t, fmt.Sprintf("%s of %d (%s)", format, n, lang), written(t, format, m, lang))
			}
		}
	}
}

type element struct {
	name  string
	attrs map[string]string
	text  string
	dx    float64 // of the groups around it
	dy    float64
	scale float64
}

func (e *element) num(name string) float64 {
	f, _ := strconv.ParseFloat(e.attrs[name], 64)
	return f
}

var (
	moved  = regexp.MustCompile(`translate\(([0-9.]+) ([0-9.]+)\)`)
	scaled = regexp.MustCompile(`scale\(([0-9.]+)\)`)
)

// elements are those of a picture, in order; it must be well-formed.
func elements(t *testing.T, name, svg string) []element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	stack := []element{{scale: 1}}
	var out []element
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			up := &stack[len(stack)-1]
			e := element{name: x.Name.Local, attrs: map[string]string{}, dx: up.dx, dy: up.dy, scale: up.scale}
			for _, a := range x.Attr {
				e.attrs[a.Name.Local] = a.Value
			}
			if p := moved.FindStringSubmatch(e.attrs["transform"]); p != nil {
				x, _ := strconv.ParseFloat(p[1], 64)
				y, _ := strconv.ParseFloat(p[2], 64)
				e.dx, e.dy = e.dx+x, e.dy+y
			}
			if p := scaled.FindStringSubmatch(e.attrs["transform"]); p != nil {
				e.scale, _ = strconv.ParseFloat(p[1], 64)
			}
			stack = append(stack, e)
		case xml.CharData:
			stack[len(stack)-1].text += string(x)
		case xml.EndElement:
			out = append(out, stack[len(stack)-1])
			stack = stack[:len(stack)-1]
		}
	}
}

type area struct{ x, y, wide, tall float64 }

func (a area) meets(b area) bool {
	return a.x < b.x+b.wide && b.x < a.x+a.wide && a.y < b.y+b.tall && b.y < a.y+a.tall
}

// areaOf is what an element covers; text as wide as its letters.
func areaOf(e *element) (a area, ok bool) {
	switch e.name {
	case "rect":
		a = area{e.num("x"), e.num("y"), e.num("width"), e.num("height")}
	case "circle":
		a = area{e.num("cx") - e.num("r"), e.num("cy") - e.num("r"), 2 * e.num("r"), 2 * e.num("r")}
	case "text":
		size := e.num("font-size")
		long := float64(columns(e.text)) * 0.603 * size
		a = area{e.num("x"), e.num("y") - 0.8*size, long, size}
		switch {
		case strings.HasPrefix(e.attrs["transform"], "rotate(-90"):
			a = area{e.num("x") - 0.8*size, e.num("y") - long, size, long}
		case strings.HasPrefix(e.attrs["transform"], "rotate(90"):
			a = area{e.num("x") - 0.2*size, e.num("y"), size, long}
		case e.attrs["text-anchor"] == "end":
			a.x -= long
		}
	default:
		return a, false
	}
	return area{a.x*e.scale + e.dx, a.y*e.scale + e.dy, a.wide * e.scale, a.tall * e.scale}, true
}

func check(t *testing.T, name, svg string) {
	t.Helper()
	all := elements(t, name, svg)
	var wide, tall float64
	if _, err := fmt.Sscanf(all[len(all)-1].attrs["viewBox"], "0 0 %f %f", &wide, &tall); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var boxes, labels []area
	for i := range all {
		e := &all[i]
		a, ok := areaOf(e)
		if !ok || e.attrs["class"] == "part-back" || e.attrs["class"] == "part-line" || strings.HasPrefix(e.attrs["class"], "unknown-") {
			continue
		}
		if a.x < -0.2 || a.y < -0.2 || a.x+a.wide > wide+0.2 || a.y+a.tall > tall+0.2 {
			t.Errorf("%s: %s %q at %+v is outside %g by %g", name, e.name, e.text, a, wide, tall)
		}
		switch {
		case e.name == "rect" && strings.HasPrefix(e.attrs["class"], "box"):
			boxes = append(boxes, a)
		case e.name == "text" && (e.attrs["data-row"] != "" || e.attrs["data-column"] != "" || e.attrs["class"] == "head"):
			labels = append(labels, a)
		}
	}
	for _, list := range [][]area{boxes, labels} {
		for i := range list {
			for j := range i {
				if list[i].meets(list[j]) {
					t.Fatalf("%s: %+v and %+v overlap", name, list[i], list[j])
				}
			}
		}
	}
}

// A box is wide enough for what stands in it.
func TestLabelsFit(t *testing.T) {
	m := workloads(t, 40, func(i int) string { return strings.Repeat(fmt.Sprintf("a-long-name-%d-", i), 8) })
	all := elements(t, "graph", written(t, "svg-graph", m, report.English))
	var box area
	seen := 0
	for i := range all {
		e := &all[i]
		a, _ := areaOf(e)
		switch {
		case e.name == "rect" && strings.HasPrefix(e.attrs["class"], "box"):
			box = a
		case e.name == "text" && box.wide > 0 && e.attrs["class"] == "label" && box.y < a.y && a.y < box.y+box.tall:
			seen++
			if a.x < box.x || a.x+a.wide > box.x+box.wide {
				t.Errorf("%q sticks out of %+v", e.text, box)
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d labels in boxes", seen)
	}
}

// A cell's shade is the map's: as many are shaded as the map counts.
func TestShades(t *testing.T) {
	m := workloads(t, 30, app)
	f := frameOf(m, report.English.MapWords(), false)
	cells := map[string]float64{}
	for _, e := range elements(t, "matrix", written(t, "svg-matrix", m, report.English)) {
		if a, ok := areaOf(&e); ok && e.name == "rect" && a.x >= f.x-0.1 && a.y >= f.y-0.1 && a.y+a.tall <= f.y+float64(len(m.Rows))*f.cell+0.1 {
			cells[e.attrs["class"]] += a.wide * a.tall / f.cell / f.cell
		}
	}
	if m.Whole == 0 || int(cells["all"]+0.5) != m.Whole || int(cells["part"]+0.5) != m.Partly {
		t.Errorf("shaded %v, of %d and %d", cells, m.Whole, m.Partly)
	}
}

// hostile is a name that would be something else in every format.
const hostile = "x\"];evil;`<script>alert(1)</script>--><![CDATA[&amp;%s\\\"|end\n\u202e#quot;' onload='a"

func TestHostileNames(t *testing.T) {
	m := workloads(t, 3, func(int) string { return hostile })
	for _, format := range formats {
		text := written(t, format, m, report.English)
		for _, bad := range []string{"<script>alert", "\u202e", "\n\u202e", "CDATA[&amp;%s\\\"|end\n"} {
			if format != "dot" && strings.Contains(text, bad) { // in DOT only quotes and backslashes end a string
				t.Errorf("%s holds %q", format, bad)
			}
		}
		switch format {
		case "dot":
			for _, line := range strings.Split(text, "\n") {
				if strings.Contains(line, "evil") && !wholeStrings(line) {
					t.Errorf("dot: a string ends too soon: %s", line)
				}
			}
		case "mermaid":
			for _, bad := range []string{"`", "<", "];evil", "#quot;", "|end"} {
				if strings.Contains(text, bad) {
					t.Errorf("mermaid holds %q", bad)
				}
			}
		case "html":
			if n := strings.Count(text, "<script"); n != 2 {
				t.Errorf("html has %d scripts", n)
			}
		default:
			for _, e := range elements(t, format, text) {
				if e.name == "script" || e.attrs["onload"] != "" {
					t.Errorf("%s has an element %+v", format, e)
				}
			}
		}
	}
}

// wholeStrings reports whether what is left of a line of DOT without its strings
// is what we wrote.
func wholeStrings(line string) bool {
	rest := regexp.MustCompile(`"(\\.|[^"\\])*"`).ReplaceAllString(line, "S")
	return regexp.MustCompile(`^ *n\d+( -> n\d+)? \[([a-z]+=[a-zS0-9]+(, )?)*\];$`).MatchString(rest)
}

// The page is one file: nothing is fetched, the policy names the sums of what is in
// it, and the data can be read.
func TestPage(t *testing.T) {
	m := workloads(t, 12, app)
	text := written(t, "html", m, report.Chinese)
	for _, bad := range []string{"http://", "https://", " src=", " href=", " style=", " onclick", "url(http"} {
		if strings.Contains(strings.ReplaceAll(text, "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	style := between(t, text, "<style>", "</style>")
	script := between(t, text, "<script>", "</script>")
	for _, s := range []string{style, script} {
		if !strings.Contains(text, "'"+sum(s)+"'") {
			t.Errorf("the policy does not allow %.40q", s)
		}
	}
	var d pageData
	if err := json.Unmarshal([]byte(between(t, text, `<script type="application/json" id="map">`, "</script>")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Rows) != len(m.Rows) || len(d.Lines) != len(m.Lines) || d.Rows[0] != m.Rows[0].Name {
		t.Errorf("%+v", d)
	}
	// The script moves these with what is scrolled, and keys go to what has a name.
	for part, want := range map[string]int{`class="names"`: 3, `role="group" aria-label=`: 2, `class="paper"`: 3, `<h1>`: 1} {
		if n := strings.Count(text, part); n != want {
			t.Errorf("%d of %s, want %d", n, part, want)
		}
	}
	if !strings.Contains(text, `<html lang="zh">`) || !strings.Contains(text, "谁能访问什么") {
		t.Error("the page is not in Chinese")
	}
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	rest, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("no %s ... %s", from, to)
	}
	return rest
}

// What cannot be read is not drawn.
func TestTooMuch(t *testing.T) {
	m := workloads(t, 3, app)
	m.Graph = nil
	var e *TooMuchError
	for _, format := range []string{"dot", "mermaid", "svg-graph"} {
		if err := Draw(format, io.Discard, m, report.English.MapWords()); !errors.As(err, &e) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if text := written(t, "html", m, report.English); !strings.Contains(text, report.English.MapWords().NoGraph()) {
		t.Error("the page does not say why there is no graph")
	}
	for len(m.Rows) <= mostSide {
		m.Rows = append(m.Rows, m.Rows...)
	}
	for _, format := range []string{"svg", "svg-matrix", "html"} {
		if err := Draw(format, io.Discard, m, report.English.MapWords()); !errors.As(err, &e) {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// The same map is the same picture.
func TestSteady(t *testing.T) {
	for _, format := range formats {
		a, b := written(t, format, workloads(t, 60, app), report.English), written(t, format, workloads(t, 60, app), report.English)
		if !bytes.Equal([]byte(a), []byte(b)) {
			t.Errorf("%s differs from one time to the next", format)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		text string
		room float64
		want string
	}{
		{"short", 100, "short"},
		{"payments/frontend-canary", 80, "paym…anary"},
		{"支付服务前端", 60, "支…前端"},
		{"abc", 1, "…"},
	} {
		if got := fit(c.text, 12, c.room); got != c.want {
			t.Errorf("%q in %g: %q, want %q", c.text, c.room, got, c.want)
		}
	}
}
