package report

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
)

// The parts of a SARIF 2.1.0 log that are written (OASIS, "Static Analysis
// Results Interchange Format Version 2.1.0"); sections stand beside the types.
type (
	sarifLog struct { // 3.13
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct { // 3.14
		Tool             sarifTool       `json:"tool"`
		Invocations      []sarifInvoked  `json:"invocations,omitempty"`
		AutomationIDs    sarifAutomation `json:"automationDetails"`
		ColumnKind       string          `json:"columnKind"`
		Results          []sarifResult   `json:"results"`
		DefaultEncodings string          `json:"defaultEncoding"`
	}
	sarifInvoked struct { // 3.20
		OK    bool        `json:"executionSuccessful"`
		Notes []sarifNote `json:"toolExecutionNotifications"`
	}
	sarifNote struct { // 3.58
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifAutomation struct { // 3.17
		ID string `json:"id"`
	}
	sarifTool struct { // 3.18
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct { // 3.19
		Name  string      `json:"name"`
		URI   string      `json:"informationUri"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct { // 3.49
		ID      string      `json:"id"`
		Short   sarifText   `json:"shortDescription"`
		Full    sarifText   `json:"fullDescription"`
		Help    sarifText   `json:"help"`
		HelpURI string      `json:"helpUri"`
		Default sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct { // 3.50
		Level string `json:"level"`
	}
	sarifText struct { // 3.11, 3.12
		Text string `json:"text"`
	}
	sarifResult struct { // 3.27
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Prints       map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifLocation struct { // 3.28
		ID       *int           `json:"id,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct { // 3.29
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct { // 3.4
		URI string `json:"uri"`
	}
	sarifRegion struct { // 3.30
		StartLine int `json:"startLine"`
	}
	sarifLogical struct { // 3.33
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct { // 3.35
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// fingerprintName is the key of our fingerprint; a change of how it is made
// changes the number.
const fingerprintName = "portolan/v1"

// fingerprint names a notice by what does not change from run to run.
func fingerprint(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Sarif writes the Gate as a SARIF log of one run.
func Sarif(w io.Writer, g *Gate) error {
	run := sarifRun{
		Tool:          sarifTool{sarifDriver{Name: "portolan", URI: Home, Rules: []sarifRule{}}},
		AutomationIDs: sarifAutomation{"portolan/" + g.Command + "/"}, ColumnKind: "utf16CodeUnits", Results: []sarifResult{}, DefaultEncodings: "UTF-8",
	}
	for _, r := range g.Rules {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: r.ID, Short: sarifText{r.Help.What}, Full: sarifText{r.Help.Why}, Help: sarifText{r.Help.Do},
			HelpURI: r.URL, Default: sarifConfig{sarifLevel(r.Severity)},
		})
	}
	if g.Note != "" {
		run.Invocations = []sarifInvoked{{OK: true, Notes: []sarifNote{{"note", sarifText{g.Note}}}}}
	}
	for i := range g.Notices {
		run.Results = append(run.Results, toSarif(g, &g.Notices[i]))
	}
	return write(w, sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}})
}

func sarifLevel(s check.Severity) string {
	switch s {
	case check.Error:
		return "error"
	case check.Warning:
		return "warning"
	case check.Info, check.Nothing:
	}
	return "note"
}

func toSarif(g *Gate, n *Notice) sarifResult {
	r := sarifResult{
		RuleID: n.Rule, RuleIndex: slices.IndexFunc(g.Rules, func(r GateRule) bool { return r.ID == n.Rule }),
		Level: sarifLevel(n.Severity), Message: sarifText{n.Message},
		Prints:    map[string]string{fingerprintName: n.Fingerprint},
		Locations: []sarifLocation{sarifPlace(n.Object, n.Position)},
	}
	for i, o := range n.Related {
		at := sarifPlace(Clean(o.Object.String()), o.Position)
		if at.Physical == nil {
			continue
		}
		at.ID, at.Message = &i, &sarifText{Clean(o.Object.String())}
		r.Related = append(r.Related, at)
	}
	if n.Suppressed {
		kind := "external"
		if n.InSource {
			kind = "inSource"
		}
		r.Suppressions = []sarifSuppression{{kind, n.Why}}
	}
	return r
}

// sarifPlace is where something stands. What was read from a pipe has no file.
func sarifPlace(object string, at flow.Position) sarifLocation {
	l := sarifLocation{Logical: []sarifLogical{{object, "resource"}}}
	if isFile(at) {
		l.Physical = &sarifPhysical{Artifact: sarifArtifact{fileURI(at.File)}}
		if at.Line > 0 {
			l.Physical.Region = &sarifRegion{at.Line}
		}
	}
	return l
}

func isFile(at flow.Position) bool { return at.File != "" && !strings.HasPrefix(at.File, "<") }

// fileURI is a path as a relative URI, or with file:// where it is absolute.
func fileURI(name string) string {
	name = filepath.ToSlash(filepath.Clean(Clean(name)))
	u := url.URL{Path: name}
	if filepath.IsAbs(name) {
		u.Scheme = "file"
	}
	return strings.TrimPrefix(u.String(), "./")
}
