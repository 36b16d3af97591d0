package portolan_test

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

// The import policy of the repository. The checker that reads it is in
// layers_check_test.go; it parses the files itself, so that `go test` knows
// what it depends on.
//
//	flow ◄── cluster ◄─┬─ announce ─┐
//	                   ├─ service  ─┼─ model ◄── walk ◄─┬─ path ◄── explain ◄── check
//	                   ├─ policy   ─┘    ▲              └─ reach
//	                   └─ lbip           └── nft
var house = layout{
	module: "github.com/portolan-net/portolan",

	// The pure packages: what each may import besides the standard library. A
	// package of the top level that is not listed here fails the test.
	//
	// announce, service and policy do not know each other; they meet in model.
	// Whoever reads a Model also reads the types of its exported tables, which
	// are those packages'; docs/decisions/001 says why that is not a hole.
	pure: map[string][]string{
		"":         {},
		"flow":     {},
		"cluster":  {"flow"},
		"announce": {"flow", "cluster"},
		"service":  {"flow", "cluster"},
		"policy":   {"flow", "cluster"},
		"lbip":     {"flow", "cluster"},
		"model":    {"flow", "cluster", "announce", "service", "policy", "lbip"},
		"walk":     {"flow", "cluster", "announce", "service", "policy", "model"},
		"path":     {"flow", "cluster", "announce", "service", "policy", "lbip", "model", "walk"},
		"explain":  {"flow", "cluster", "announce", "service", "policy", "lbip", "model", "walk", "path"},
		"check":    {"flow", "cluster", "announce", "service", "policy", "lbip", "model", "walk", "path", "explain"},
		"reach":    {"flow", "cluster", "announce", "service", "policy", "model", "walk"},
		"atlas":    {"flow", "cluster", "service", "policy", "model", "reach"},
		"nft":      {"flow", "cluster", "service", "policy", "model"},
		"diff":     {"flow", "cluster", "service", "policy", "lbip", "model", "reach"},
	},

	// What touches the world. "pure" stands for every package above.
	impure: map[string][]string{
		"internal/manifest": {"flow", "cluster"},
		"internal/capture":  {},
		"internal/kube":     {"flow", "cluster", "internal/manifest"},
		"internal/prober":   {"flow", "cluster", "model", "path", "explain"},
		"internal/kubeexec": {"internal/kube", "internal/prober"},
		"internal/kernel":   {"flow", "nft"},
		"internal/oracle":   {"flow", "cluster"}, // a second opinion shares no code with the first
		"internal/kubetest": {},
		"internal/truth":    {"flow", "cluster"},
		"internal/generate": {"flow", "cluster"},
		"internal/bench":    {"pure", "internal/manifest", "internal/generate", "internal/cores"},
		"internal/cores":    {},
		"internal/lab":      {"pure", "internal/probe"},
		"internal/probe":    {"flow"},
		"internal/scenario": {"pure", "internal/manifest", "internal/oracle", "internal/lab", "internal/proof"},
		"internal/proof":    {"pure", "internal/lab", "internal/probe", "internal/kernel"},
		"internal/watch":    {"flow", "cluster", "service", "policy", "model", "path", "reach", "check", "diff"},
		"internal/report":   {"pure", "internal/proof", "internal/watch", "internal/prober"},
		"internal/metrics":  {"pure", "internal/watch"},
		"internal/draw":     {"pure", "internal/report"},
		"cmd/portolan":      {"pure", "internal/manifest", "internal/report", "internal/draw", "internal/lab", "internal/proof", "internal/capture", "internal/kube", "internal/watch", "internal/metrics", "internal/cores", "internal/prober", "internal/kubeexec"},
	},

	// For tests only: no file of the product may import these.
	testing: []string{"internal/oracle", "internal/truth", "internal/scenario", "internal/generate", "internal/bench", "internal/kubetest"},

	// Who may import which module. Only manifest and kube know YAML or
	// Kubernetes; truth reads the measured topologies.
	modules: map[string][]string{
		"go.yaml.in/yaml/v3":             {"internal/manifest", "internal/kube", "internal/kubetest", "internal/truth"},
		"github.com/go-json-experiment/": {"internal/manifest"}, // jsontext, until the standard library has it (013)
		"k8s.io/":                        {"internal/kube", "internal/kubeexec"},
		"github.com/prometheus/":         {"internal/metrics"},
		"github.com/spf13/cobra":         {"cmd/portolan"},
		"github.com/spf13/pflag":         {"cmd/portolan"},
		"golang.org/x/term":              {"cmd/portolan", "internal/report"},
		"golang.org/x/sys":               {"internal/kernel", "internal/lab", "internal/probe", "internal/capture"}, // netlink sockets, namespaces
		"github.com/gorilla/websocket":   {"internal/kubetest"},                                                     // the kubelet's side of exec
		"github.com/vishvananda/netlink": {"internal/lab"},
		// scenario is read by tests only, so this stays out of the program.
		"github.com/rogpeppe/go-internal/txtar": {"internal/scenario"},
	},

	// Who may import which module in its tests, besides the above.
	testModules: map[string][]string{
		"github.com/rogpeppe/go-internal": {"cmd/portolan", "check"}, // testscript, txtar
		"k8s.io/apimachinery":             {"cluster", "policy", "internal/oracle"},
		"go.yaml.in/yaml/v3":              {"cmd/portolan"},
	},
}

// What a pure package may not import, and why: one Model, one answer.
var worldly = map[string]string{
	"os": "I/O", "os/exec": "I/O", "os/signal": "I/O", "os/user": "I/O", "io/ioutil": "I/O", "path/filepath": "the host's files",
	"net": "I/O (net/netip is fine)", "net/http": "I/O", "syscall": "I/O", "plugin": "I/O", "embed": "files",
	"time": "a clock", "context": "cancellation belongs to callers", "log": "a logger", "log/slog": "a logger",
	"math/rand": "chance", "math/rand/v2": "chance", "crypto/rand": "chance",
	"sync": "goroutines", "sync/atomic": "goroutines", "runtime": "the machine", "runtime/debug": "the machine",
	"unsafe": "memory", "flag": "process state", "expvar": "process state", "testing": "tests only",
}

// Names that say nothing about what a package is for.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "types", "models", "api", "misc", "base", "shared", "lib"}

// maxLines bounds a file that is not a test.
const maxLines = 450

// TestLayers holds the tree to the rules above.
func TestLayers(t *testing.T) {
	tree, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.packages) < 10 {
		t.Fatalf("read %d packages: the checker looks in the wrong place", len(tree.packages))
	}
	for _, broken := range house.check(tree) {
		t.Error(broken)
	}
}

// TestChecker gives the checker a file for every rule that breaks just that
// one: a rule that cannot fail guards nothing.
func TestChecker(t *testing.T) {
	const (
		words = "// Package flow is.\n//\n//\ta ──► b\n"
		good  = words + "package flow\n"
		tests = "package flow\n\nimport \"testing\"\n\n"
	)
	for _, c := range []struct{ name, file, text, want string }{
		{"nothing wrong", "flow/a.go", "package flow\n", ""},
		{"layer", "flow/a.go", "package flow\n\nimport _ \"github.com/portolan-net/portolan/cluster\"\n", "flow/a.go:3: flow may not import cluster"},
		{"sibling", "policy/doc.go", "// Package policy is.\n//\n//\ta ──► b\npackage policy\n\nimport _ \"github.com/portolan-net/portolan/service\"\n", "policy/doc.go:6: policy may not import service"},
		{"inward", "flow/a.go", "package flow\n\nimport _ \"github.com/portolan-net/portolan/internal/manifest\"\n", "flow/a.go:3: flow may not import internal/manifest"},
		{"world", "flow/a.go", "package flow\n\nimport _ \"os\"\n", "flow/a.go:3: flow is pure and may not import os: I/O"},
		{"socket", "flow/a.go", "package flow\n\nimport _ \"net\"\n", "flow/a.go:3: flow is pure and may not import net: I/O (net/netip is fine)"},
		{"address", "flow/a.go", "package flow\n\nimport _ \"net/netip\"\n", ""},
		{"module", "flow/a.go", "package flow\n\nimport _ \"go.yaml.in/yaml/v3\"\n", "flow/a.go:3: flow may not import module go.yaml.in/yaml/v3"},
		{"module in a test", "flow/a_test.go", "package flow\n\nimport _ \"k8s.io/apimachinery/pkg/labels\"\n", "flow/a_test.go:3: tests of flow may not import module k8s.io/apimachinery/pkg/labels"},
		{"test code in the product", "internal/report/doc.go", "// Package report is.\n//\n//\ta ──► b\npackage report\n\nimport _ \"github.com/portolan-net/portolan/internal/truth\"\n", "internal/report/doc.go:6: internal/truth is for tests only"},
		{"unlisted", "harbour/doc.go", "// Package harbour is.\n//\n//\ta ──► b\npackage harbour\n", "harbour: not in the table of layers_test.go"},
		{"goroutine", "flow/a.go", "package flow\n\nfunc f() {\n\tgo f()\n}\n", "flow/a.go:4: flow is pure and may not start a goroutine"},
		{"print", "flow/a.go", "package flow\n\nimport \"fmt\"\n\nfunc f() { fmt.Println() }\n", "flow/a.go:5: flow is pure and may not print"},
		{"init", "flow/a.go", "package flow\n\nfunc init() {}\n", "flow/a.go:3: flow is pure and may not have an init function"},
		{"panic", "flow/a.go", "package flow\n\nfunc f() { panic(1) }\n", "flow/a.go:3: panic: return an error, or make the case impossible"},
		{"exit", "internal/report/doc.go", "// Package report is.\n//\n//\ta ──► b\npackage report\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "internal/report/doc.go:8: os.Exit below main"},
		{"unfinished", "flow/a.go", "package flow\n\n// f. TO" + "DO: write it\nfunc f() {}\n", "flow/a.go:3: unfinished"},
		{"long", "flow/a.go", "package flow\n" + string(slices.Repeat([]byte("\n"), maxLines)), "flow/a.go: 451 lines, more than 450"},
		{"long test", "flow/a_test.go", "package flow\n" + string(slices.Repeat([]byte("\n"), maxLines)), ""},
		{"name", "internal/util/doc.go", "// Package util is.\n//\n//\ta ──► b\npackage util\n", "internal/util: util says nothing about what the package is for"},
		{"no doc", "path/path.go", "package path\n", "path: no doc.go"},
		{"no comment", "path/doc.go", "package path\n", "path/doc.go: no package comment"},
		{"no picture", "path/doc.go", "// Package path is.\npackage path\n", "path/doc.go: no picture"},
		{"test that cannot fail", "flow/a_test.go", tests + "func TestA(t *testing.T) { t.Log(1) }\n", "flow/a_test.go:5: TestA cannot fail"},
		{"test that can", "flow/a_test.go", tests + "func TestA(t *testing.T) { t.Fail() }\n", ""},
		{"helper that cannot fail", "flow/a_test.go", tests + "func TestA(t *testing.T) { f(t) }\n\nfunc f(t *testing.T) { t.Helper() }\n", "flow/a_test.go:5: TestA cannot fail"},
		{"helper that can", "flow/a_test.go", tests + "func TestA(t *testing.T) { f(t) }\n\nfunc f(t *testing.T) { g(t) }\n\nfunc g(t testing.TB) { t.Fatal() }\n", ""},
		{"subtest that can", "flow/a_test.go", tests + "func TestA(t *testing.T) {\n\tt.Run(\"\", func(t *testing.T) { t.Error() })\n}\n", ""},
		{"fuzz that cannot fail", "flow/a_test.go", tests + "func FuzzA(f *testing.F) {\n\tf.Fuzz(func(t *testing.T, _ []byte) {})\n}\n", "flow/a_test.go:5: FuzzA cannot fail"},
		{"example that is not run", "flow/a_test.go", "package flow\n\nfunc ExampleA() {}\n", "flow/a_test.go:3: ExampleA has no Output comment and is not run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"flow/doc.go": {Data: []byte(good)}, "go.mod": {}, "doc.go": {Data: []byte("// Package portolan is.\n//\n//\ta ──► b\npackage portolan\n")}}
			files[c.file] = &fstest.MapFile{Data: []byte(c.text)}
			tree, err := readTree(files)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if got := house.check(tree); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestReadTree: other modules, test data and hidden folders are not ours.
func TestReadTree(t *testing.T) {
	bad := &fstest.MapFile{Data: []byte("package util\n\nfunc f() { panic(1) }\n")}
	tree, err := readTree(fstest.MapFS{
		"go.mod": {}, "tools/go.mod": {}, "tools/util/a.go": bad, "flow/testdata/util/a.go": bad, ".git/util/a.go": bad, "_old/a.go": bad,
	})
	if err != nil || len(tree.packages) != 0 {
		t.Errorf("packages %v, error %v", tree.packages, err)
	}
	if _, err := readTree(fstest.MapFS{"flow/a.go": {Data: []byte("not Go")}}); err == nil {
		t.Error("a file that does not parse is not an error")
	}
}
