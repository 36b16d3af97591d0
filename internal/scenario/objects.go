package scenario

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// object is a Kubernetes object about to be written as JSON.
type object = map[string]any

// fields are a shorthand line: the first few words by place, then labels
// (k=v,k=v), ports behind the word ports, and flags.
type fields struct {
	place  []string
	labels object
	ports  []any
	flags  []string
}

// shorthand cuts a line into its fields. Words behind the first n places that
// are neither labels nor known flags are errors.
func (p *parser) shorthand(line string, n int, what string, flags ...string) (f fields, ok bool) {
	w := strings.Fields(line)
	if len(w) < n {
		p.fail("a line of " + what)
		return f, false
	}
	f.place, f.labels = w[:n], object{}
	for i := n; i < len(w); i++ {
		switch {
		case w[i] == "ports" && slices.Contains(flags, "ports"):
			if i++; i == len(w) {
				p.fail("ports are missing behind the word")
				break
			}
			f.ports = p.ports(w[i])
		case slices.Contains(flags, w[i]):
			f.flags = append(f.flags, w[i])
		case strings.Contains(w[i], "="):
			p.labels(f.labels, w[i])
		default:
			p.fail("unknown word " + w[i] + ": a line of " + what)
		}
	}
	return f, p.err == nil
}

func (p *parser) labels(into object, word string) {
	for _, pair := range strings.Split(word, ",") {
		k, v, ok := strings.Cut(pair, "=")
		if _, twice := into[k]; !ok || k == "" || twice {
			p.fail("labels are k=v,k=v, each key once, not " + word)
		}
		into[k] = v
	}
}

// ports reads "http=8080,dns=53/udp,9000".
func (p *parser) ports(word string) []any {
	var out []any
	for _, part := range strings.Split(word, ",") {
		port := object{}
		if name, rest, ok := strings.Cut(part, "="); ok {
			port["name"], part = name, rest
		}
		number, proto, has := strings.Cut(part, "/")
		if has {
			port["protocol"] = strings.ToUpper(proto)
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 || has && !slices.Contains([]string{"tcp", "udp", "sctp"}, proto) {
			p.fail("ports are name=80/tcp, 80/udp or 80, not " + part)
		}
		port["containerPort"] = n
		out = append(out, port)
	}
	return out
}

// addresses reads "a,b"; "-" is none.
func (p *parser) addresses(word string) []string {
	if word == "-" {
		return nil
	}
	all := strings.Split(word, ",")
	for _, a := range all {
		if _, err := netip.ParseAddr(a); err != nil {
			p.fail(err.Error())
		}
	}
	return all
}

const podWords = `pods is NS/NAME NODE IP[,IP] [k=v,k=v] [ports http=80,53/udp] [hostNetwork] [notready] [terminating] [pending] [succeeded]`

// pod expands "NS/NAME NODE IP ..." into a Pod.
func (p *parser) pod(line string) object {
	f, ok := p.shorthand(line, 3, podWords, "ports", "hostNetwork", "notready", "terminating", "pending", "succeeded")
	if !ok {
		return nil
	}
	ns, name, ok := strings.Cut(f.place[0], "/")
	if !ok {
		p.fail("a pod's name is NS/NAME, not " + f.place[0])
		return nil
	}
	has := func(flag string) bool { return slices.Contains(f.flags, flag) }
	meta := object{"namespace": ns, "name": name, "labels": f.labels}
	spec := object{"containers": []any{object{"name": "c", "ports": f.ports}}}
	status := object{"phase": phase(has), "conditions": []any{object{"type": "Ready", "status": truth(!has("notready"))}}}
	if f.place[1] != "-" {
		spec["nodeName"] = f.place[1]
	}
	if has("hostNetwork") {
		spec["hostNetwork"] = true
	}
	if has("terminating") {
		meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	}
	if ips := p.addresses(f.place[2]); len(ips) > 0 {
		var list []any
		for _, ip := range ips {
			list = append(list, object{"ip": ip})
		}
		status["podIP"], status["podIPs"] = ips[0], list
	}
	return object{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}
}

func phase(has func(string) bool) string {
	switch {
	case has("pending"):
		return "Pending"
	case has("succeeded"):
		return "Succeeded"
	}
	return "Running"
}

func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

const nodeWords = `nodes is NAME IP[,IP] PODCIDR[,PODCIDR] [k=v,k=v] [notready] [networkunavailable]`

// node expands "NAME IP PODCIDR ..." into a Node.
func (p *parser) node(line string) object {
	f, ok := p.shorthand(line, 3, nodeWords, "notready", "networkunavailable")
	if !ok {
		return nil
	}
	var addresses []any
	for _, ip := range p.addresses(f.place[1]) {
		addresses = append(addresses, object{"type": "InternalIP", "address": ip})
	}
	spec := object{}
	if f.place[2] != "-" {
		spec["podCIDRs"] = strings.Split(f.place[2], ",")
	}
	return object{
		"apiVersion": "v1", "kind": "Node",
		"metadata": object{"name": f.place[0], "labels": f.labels},
		"spec":     spec,
		"status": object{"addresses": addresses, "conditions": []any{
			object{"type": "Ready", "status": truth(!slices.Contains(f.flags, "notready"))},
			object{"type": "NetworkUnavailable", "status": truth(slices.Contains(f.flags, "networkunavailable"))},
		}},
	}
}

// expand writes a shorthand section as one List in which every object stands on
// the line of the scenario it comes from, so that positions stay true.
func (s *Scenario) expand(sec section, one func(*parser, string) object) ([]byte, error) {
	p := &parser{file: s.Name, s: s}
	lines := make([]string, sec.line-1+strings.Count(sec.data, "\n")+1)
	lines[0], lines[1], lines[sec.line-2] = "apiVersion: v1", "kind: List", "items:"
	p.lines(sec, func(line string) {
		text, err := json.Marshal(one(p, line))
		if err != nil {
			p.fail(err.Error())
		}
		lines[p.line-1] = "- " + string(text)
	})
	if p.err != nil {
		return nil, p.err
	}
	return []byte(strings.Join(lines, "\n")), nil
}
