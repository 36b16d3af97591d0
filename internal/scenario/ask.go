package scenario

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// ask reads the questions. A line that is indented goes on with the question
// above it.
func (p *parser) ask(s section) {
	p.s.Blocks = []Block{{}}
	p.lines(s, func(line string) {
		block := &p.s.Blocks[len(p.s.Blocks)-1]
		text := strings.TrimSpace(line)
		switch {
		case text[0] == '[':
			if len(block.Questions) == 0 && len(p.s.Blocks) > 1 {
				p.fail("nothing is asked in the block above")
			}
			p.s.Blocks = append(p.s.Blocks, Block{Settings: p.settings(text), line: p.line})
		case line[0] == ' ' || line[0] == '\t':
			if len(block.Questions) == 0 {
				p.fail("an indented line goes on with a question, and there is none above")
				return
			}
			p.expect(&block.Questions[len(block.Questions)-1], words(text))
		default:
			block.Questions = append(block.Questions, p.question(text))
		}
	})
	if len(p.s.Blocks[0].Questions) == 0 {
		p.s.Blocks = p.s.Blocks[1:]
	}
	if n := len(p.s.Blocks); s.there && (n == 0 || len(p.s.Blocks[n-1].Questions) == 0) {
		p.fail("nothing is asked")
	}
}

// settable are the parts of the dataplane that a block may set, and the fixes it
// may apply.
var settable = []string{"masqueradeAll", "podEgressMasquerade", "podNetwork", "policy", "profile", "proxy", with}

// settings reads "[policy kube-router|none, with wrong-port.yaml]". Such a line
// starts afresh from the scenario's cluster and Fabric; "[]" leaves them as they
// are.
func (p *parser) settings(text string) []Setting {
	inner, ok := strings.CutSuffix(text[1:], "]")
	if !ok {
		p.fail("a block starts with [key value, key value] on a line of its own")
		return nil
	}
	var out []Setting
	if strings.TrimSpace(inner) == "" {
		return nil
	}
	for _, part := range strings.Split(inner, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		values := strings.Split(strings.ReplaceAll(value, " ", ""), "|")
		switch {
		case !slices.Contains(settable, key):
			p.fail("unknown setting " + key + ": " + strings.Join(settable, ", ") + " are known")
		case slices.Contains(values, ""):
			p.fail("the setting " + key + " has no value")
		case slices.ContainsFunc(out, func(s Setting) bool { return s.Key == key }):
			p.fail("the setting " + key + " is there twice")
		}
		out = append(out, Setting{Key: key, Values: values})
	}
	return out
}

var wordOrQuoted = regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`)

// words cuts at white space outside of double quotes.
func words(text string) []string { return wordOrQuoted.FindAllString(text, -1) }

// question reads "FROM [via NODE] -> TO VERDICT [key=value ...]".
func (p *parser) question(text string) Question {
	var q Question
	q.Position = flow.Position{File: p.file, Line: p.line}
	w := words(text)
	arrow := slices.Index(w, "->")
	switch {
	case arrow == 1:
		q.From = w[0]
	case arrow == 3 && w[1] == "via":
		q.From, q.Via = w[0], w[2]
	default:
		p.fail("a question is FROM [via NODE] -> TO VERDICT key=value...")
		return q
	}
	if len(w) < arrow+3 {
		p.fail("a question needs a target and a verdict")
		return q
	}
	q.To = w[arrow+1]
	verdict, err := flow.ParseVerdict(w[arrow+2])
	if err != nil {
		p.fail(err.Error())
	}
	q.Verdict, q.HasVerdict = verdict, true
	p.expect(&q, w[arrow+3:])
	return q
}

// expect reads the words "key=value,value". "none" stands for an empty list.
func (p *parser) expect(q *Question, pairs []string) {
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || value == "" {
			p.fail("what is expected stands as key=value, not " + pair)
			return
		}
		value = strings.Trim(value, `"`)
		values := strings.Split(value, ",")
		if value == "none" {
			values = []string{}
		}
		if slices.Contains(values, "") {
			p.fail("an empty value in " + pair)
		}
		p.expected(q, key, value, values)
	}
}

func (p *parser) expected(q *Question, key, value string, values []string) {
	set := func(into *[]string) {
		if *into != nil {
			p.fail("the key " + key + " is there twice")
		}
		*into = values
	}
	switch key {
	case "seen":
		q.Seen = parsed(p, q.Seen, key, values, flow.ParseSeen)
	case "fates":
		q.Fates = parsed(p, q.Fates, key, values, flow.ParseFate)
	case "endpoints":
		set(&q.Endpoints)
	case "sources":
		for _, a := range values {
			if _, err := netip.ParseAddr(a); err != nil {
				p.fail(err.Error())
			}
		}
		set(&q.Sources)
	case "culprit":
		if q.Culprit != "" {
			p.fail("the key culprit is there twice")
		}
		q.Culprit = value
	case "wrong":
		q.Wrong = value
	case "assumes":
		q.Assumes = parsed(p, q.Assumes, key, values, parseCode)
	case "deviates":
		q.Deviates = parsed(p, q.Deviates, key, values, parseCode)
	case "says":
		q.Says = parsed(p, q.Says, key, values, parseCode)
	case "misses":
		q.Misses = parsed(p, q.Misses, key, values, parseCode)
	case "step":
		q.Steps = parsed(p, q.Steps, key, values, parseAction)
	default:
		p.fail("unknown key " + key + ": seen, fates, endpoints, sources, culprit, wrong, assumes, deviates, says, misses and step are known")
	}
}

func parsed[T any](p *parser, before []T, key string, values []string, parse func(string) (T, error)) []T {
	if before != nil {
		p.fail("the key " + key + " is there twice")
	}
	out := []T{}
	for _, v := range values {
		t, err := parse(v)
		if err != nil {
			p.fail(err.Error())
		}
		out = append(out, t)
	}
	return out
}
