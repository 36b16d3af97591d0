package report

import (
	"encoding/json"
	"io"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// APIVersion is the version of every JSON document. Within it fields are only
// added; lists are never null. docs/cli.md describes them.
const APIVersion = "portolan.dev/v1alpha1"

type head struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
}

type reasonJSON struct {
	Code string   `json:"code"`
	Args []string `json:"args"`
	Text string   `json:"text"`
}

type originJSON struct {
	Object string `json:"object"`
	Field  string `json:"field,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

type ignoredJSON struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	First string `json:"first"`
	reasonJSON
}

func toReason(r flow.Reason) reasonJSON {
	args := make([]string, len(r.Args))
	for i, a := range r.Args {
		args[i] = Clean(English.word(a))
	}
	return reasonJSON{Code: string(r.Code), Args: args, Text: Say(r)}
}

func toReasons(rs []flow.Reason) []reasonJSON {
	out := make([]reasonJSON, 0, len(rs))
	for _, r := range rs {
		out = append(out, toReason(r))
	}
	return out
}

func toOrigins(os []flow.Origin) []originJSON {
	out := make([]originJSON, 0, len(os))
	for _, o := range os {
		out = append(out, originJSON{
			Object: Clean(o.Object.String()), Field: Clean(o.Field),
			File: Clean(o.Position.File), Line: o.Position.Line,
		})
	}
	return out
}

func toIgnored(list []explain.Ignored) []ignoredJSON {
	out := make([]ignoredJSON, 0, len(list))
	for _, x := range list {
		out = append(out, ignoredJSON{Clean(x.Kind), x.Count, Clean(x.First.String()), toReason(x.Reason)})
	}
	return out
}

func toObjects(os []flow.Object) []string {
	out := make([]string, 0, len(os))
	for _, o := range os {
		out = append(out, Clean(o.String()))
	}
	return out
}

// stringsOf never returns nil, so that JSON says [] and not null.
func stringsOf[T interface{ String() string }](list []T) []string {
	out := make([]string, 0, len(list))
	for _, x := range list {
		out = append(out, Clean(x.String()))
	}
	return out
}

func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(true)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type missJSON struct {
	Rule  originJSON   `json:"rule"`
	Peers []reasonJSON `json:"peers"`
	Ports []reasonJSON `json:"ports"`
}

func toMisses(ms []policy.Miss) []missJSON {
	out := make([]missJSON, 0, len(ms))
	for i := range ms {
		out = append(out, missJSON{toOrigins([]flow.Origin{ms[i].Origin})[0], toReasons(ms[i].Peers), toReasons(ms[i].Ports)})
	}
	return out
}
