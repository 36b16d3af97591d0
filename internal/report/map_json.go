package report

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

type mapDoc struct {
	head
	By          string           `json:"by"`
	Ports       string           `json:"ports"`
	Only        string           `json:"only,omitempty"`
	From        string           `json:"from,omitempty"`
	To          string           `json:"to,omitempty"`
	Namespace   string           `json:"namespace,omitempty"`
	Size        mapSizeJSON      `json:"size"`
	Rows        []groupJSON      `json:"rows"`
	Columns     []groupJSON      `json:"columns"`
	Lines       []mapLineJSON    `json:"lines"`
	Cells       mapCellsJSON     `json:"cells"`
	Services    []mapServiceJSON `json:"services"`
	Unknown     bool             `json:"unknown"`
	Unmodelled  []mapForeignJSON `json:"unmodelled"`
	Assumptions []reasonJSON     `json:"assumptions"`
	Ignored     []ignoredJSON    `json:"ignored"`
}

type mapSizeJSON struct {
	Nodes      int `json:"nodes"`
	Namespaces int `json:"namespaces"`
	Workloads  int `json:"workloads"`
	Classes    int `json:"classes"`
	Pods       int `json:"pods"`
	HostPods   int `json:"hostPods"`
	Services   int `json:"services"`
	Policies   int `json:"policies"`
}

type mapCellsJSON struct {
	All     int `json:"all"`
	Part    int `json:"part"`
	None    int `json:"none"`
	Unknown int `json:"unknown"`
}

type groupJSON struct {
	Name            string    `json:"name"`
	Kind            string    `json:"kind"`
	Namespace       string    `json:"namespace"`
	Workload        string    `json:"workload,omitempty"`
	Pod             string    `json:"pod"`
	Pods            int       `json:"pods"`
	IsolatedIngress int       `json:"isolatedIngress"`
	IsolatedEgress  int       `json:"isolatedEgress"`
	World           worldJSON `json:"world"`
}

type worldJSON struct {
	All     []string `json:"all"`
	Some    []string `json:"some"`
	Limited []string `json:"limited"`
	Ranges  []string `json:"ranges"`
	Perhaps []string `json:"perhaps"`
}

type mapLineJSON struct {
	From    []int    `json:"from"`
	To      []int    `json:"to"`
	Level   string   `json:"level"`
	All     []string `json:"all"`
	Some    []string `json:"some"`
	Perhaps []string `json:"perhaps"`
	Asked   []string `json:"asked"`
}

type mapForeignJSON struct {
	Kind   string `json:"kind"`
	Engine string `json:"engine"`
	Count  int    `json:"count"`
}

// MapJSON writes a document of kind Map.
func MapJSON(w io.Writer, v *MapView) error {
	d := mapDoc{
		head: head{APIVersion, "Map"}, By: v.By.String(), Ports: v.Options.Ports.String(),
		From: Clean(v.Options.From), To: Clean(v.Options.To), Namespace: Clean(v.Options.Namespace),
		Size: mapSizeJSON{v.Size.Nodes, v.Size.Namespaces, v.Size.Workloads, v.Size.Classes, v.Size.Pods, v.Size.HostPods, v.Size.Services, v.Size.Policies},
		Rows: groupsJSON(v.Rows), Columns: groupsJSON(v.Columns), Lines: []mapLineJSON{},
		Cells: mapCellsJSON{v.Whole, v.Partly, v.Closed, v.Unsure}, Services: []mapServiceJSON{},
		Unknown: v.Unknown(), Unmodelled: []mapForeignJSON{}, Assumptions: toReasons(v.Assumptions), Ignored: toIgnored(v.Ignored),
	}
	if v.Options.Only != atlas.Everything {
		d.Only = v.Options.Only.String()
	}
	for i := range v.Lines {
		l := &v.Lines[i]
		d.Lines = append(d.Lines, mapLineJSON{
			From: l.From, To: l.To, Level: atlas.LevelOf(l).String(),
			All: stringsOf(l.All), Some: stringsOf(l.Some), Perhaps: stringsOf(l.Perhaps), Asked: stringsOf(l.Asked),
		})
	}
	for i := range v.Services {
		d.Services = append(d.Services, mapService(&v.Services[i]))
	}
	for _, f := range v.Foreign {
		d.Unmodelled = append(d.Unmodelled, mapForeignJSON{Clean(f.Kind), Clean(f.Engine), f.Count})
	}
	return write(w, d)
}

func groupsJSON(list []atlas.Group) []groupJSON {
	out := make([]groupJSON, 0, len(list))
	for i := range list {
		g := &list[i]
		j := groupJSON{
			Name: Clean(g.Name), Kind: g.Sort.String(), Namespace: Clean(g.Namespace), Pods: g.Pods,
			IsolatedIngress: g.Isolated[policy.Ingress], IsolatedEgress: g.Isolated[policy.Egress],
			World: worldJSON{
				stringsOf(g.Exposure.All), stringsOf(g.Exposure.Some), stringsOf(g.Exposure.Limited),
				stringsOf(g.Exposure.Ranges), stringsOf(g.Exposure.Perhaps),
			},
		}
		if g.Example != nil {
			j.Pod = Clean(g.Example.Name)
		}
		if !g.Workload.IsZero() {
			j.Workload = Clean(g.Workload.String())
		}
		out = append(out, j)
	}
	return out
}

// MapCSV writes a line for every cell that was asked for.
func MapCSV(w io.Writer, v *MapView) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"from", "to", "level", "all", "some", "perhaps", "asked"}) // Error reports it
	for i := range v.Lines {
		l := &v.Lines[i]
		level := atlas.LevelOf(l).String()
		ports := []string{portsCSV(l.All), portsCSV(l.Some), portsCSV(l.Perhaps), portsCSV(l.Asked)}
		for _, from := range l.From {
			for _, to := range l.To {
				_ = c.Write(append([]string{plain(v.Rows[from].Name), plain(v.Columns[to].Name), level}, ports...))
			}
		}
	}
	c.Flush()
	return c.Error()
}

func portsCSV(p reach.Ports) string { return strings.Join(stringsOf(p), " ") }

// plain keeps a name from being a formula in a spreadsheet.
func plain(name string) string {
	if name = Clean(name); strings.ContainsAny(name[:min(1, len(name))], "=+-@") {
		return "'" + name
	}
	return name
}
