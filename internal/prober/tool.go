package prober

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// attempt is one connection to be made.
type attempt struct {
	proto   flow.Protocol
	to      netip.AddrPort
	timeout time.Duration
	tell    bool
}

func (a *attempt) host() string { return a.to.Addr().String() }
func (a *attempt) port() string { return strconv.Itoa(int(a.to.Port())) }

// seconds is the timeout in whole seconds, for tools that know no parts.
func (a *attempt) seconds() string {
	return strconv.Itoa(int((a.timeout + time.Second - 1) / time.Second))
}

func (a *attempt) word() string { return strings.ToLower(a.proto.String()) }

// tool is a program that can connect.
type tool struct {
	name string
	udp  bool
	// command is what is run, without a shell between; stdin is what it is given.
	command func(a *attempt) []string
	stdin   func(a *attempt) string
	// read tells what happened; ok is false where the tool does not understand the
	// command, and another should be tried.
	read func(a *attempt, o Output, took time.Duration) (out Outcome, ok bool)
}

// tools are those that are looked for, those that tell most first.
var tools = []tool{
	{name: "portolan", udp: true, command: dialCommand, read: readDialed},
	{name: "python3", udp: true, command: pythonCommand, read: readDialed},
	{name: "nc", udp: true, command: ncCommand("nc"), stdin: ncStdin, read: readText},
	{name: "ncat", udp: true, command: ncCommand("ncat"), stdin: ncStdin, read: readText},
	{name: "socat", command: socatCommand, read: readText},
	{name: "perl", command: perlCommand, read: readText},
	{name: "bash", command: bashCommand, read: readText},
	{name: "curl", command: curlCommand, read: readCurl},
	{name: "wget", command: wgetCommand, read: readWget},
}

// lookCommand finds the tools of a container, at one go.
func lookCommand() []string {
	c := []string{"sh", "-c", `for t in "$@" timeout; do command -v "$t"; done; exit 0`, "sh"}
	for i := range tools {
		c = append(c, tools[i].name)
	}
	return c
}

// found are the tools that a container has and that can do what is asked, in order.
func found(output string, udp bool) []*tool {
	has := map[string]bool{}
	for _, line := range strings.Fields(output) {
		has[line[strings.LastIndexByte(line, '/')+1:]] = true
	}
	var out []*tool
	for i := range tools {
		t := &tools[i]
		if has[t.name] && (t.udp || !udp) && (t.name != "bash" || has["timeout"]) {
			out = append(out, t)
		}
	}
	return out
}

// toolNamed finds one by its name, nil for none.
func toolNamed(name string) *tool {
	for i := range tools {
		if tools[i].name == name {
			return &tools[i]
		}
	}
	return nil
}

func dialCommand(a *attempt) []string {
	c := []string{"portolan", "dial", a.word(), a.to.String(), "--timeout", a.timeout.String()}
	if a.tell {
		c = append(c, "--tell")
	}
	return c
}

// pythonScript connects as Dial does, and prints a Dialed.
const pythonScript = `import binascii,errno,json,socket,sys
proto,host,port,t,say=sys.argv[1],sys.argv[2],int(sys.argv[3]),float(sys.argv[4]),binascii.unhexlify(sys.argv[5])
s=socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,socket.SOCK_DGRAM if proto=="udp" else socket.SOCK_STREAM)
s.settimeout(t)
o={}
try:
 s.connect((host,port))
 o["local"]=s.getsockname()[0]
 if proto=="tcp": o["seen"]="connected"
 if say:
  try:
   s.sendall(say)
   o["reply"]=s.recv(4096).decode("utf-8","replace")
   o["seen"]="connected"
  except Exception:
   if proto=="udp": raise
except socket.timeout:
 o["errno"]="TIMEOUT"
except OSError as e:
 o["errno"]=errno.errorcode.get(e.errno,"")
 o["error"]=str(e)
print(json.dumps(o))`

func pythonCommand(a *attempt) []string {
	say := ""
	if a.tell || a.proto == flow.UDP {
		say = hex.EncodeToString([]byte(payload(a.proto, a.to.Port())))
	}
	return []string{"python3", "-c", pythonScript, a.word(), a.host(), a.port(), strconv.FormatFloat(a.timeout.Seconds(), 'f', -1, 64), say}
}

func ncCommand(name string) func(a *attempt) []string {
	return func(a *attempt) []string {
		if a.proto == flow.UDP {
			return []string{name, "-u", "-w", a.seconds(), a.host(), a.port()}
		}
		return []string{name, "-z", "-v", "-w", a.seconds(), a.host(), a.port()}
	}
}

func ncStdin(a *attempt) string {
	if a.proto == flow.UDP {
		return payload(a.proto, a.to.Port())
	}
	return ""
}

func socatCommand(a *attempt) []string {
	return []string{"socat", "-u", "OPEN:/dev/null", "TCP:" + a.to.String() + ",connect-timeout=" + a.seconds()}
}

const perlScript = `use IO::Socket::IP; IO::Socket::IP->new(PeerHost=>$ARGV[0],PeerPort=>$ARGV[1],Proto=>"tcp",Timeout=>$ARGV[2]) or die "$!\n"`

func perlCommand(a *attempt) []string {
	return []string{"perl", "-e", perlScript, a.host(), a.port(), a.seconds()}
}

func bashCommand(a *attempt) []string {
	return []string{"timeout", a.seconds(), "bash", "-c", `exec 3<>"/dev/tcp/$1/$2"`, "bash", a.host(), a.port()}
}

func curlCommand(a *attempt) []string {
	return []string{"curl", "-sv", "--noproxy", "*", "--connect-timeout", a.seconds(), "-m", a.seconds(), "-o", "/dev/null", "-w", "%{time_connect}", "telnet://" + a.to.String()}
}

func wgetCommand(a *attempt) []string {
	return []string{"wget", "--no-proxy", "-O", "/dev/null", "-T", a.seconds(), "-t", "1", "http://" + a.to.String() + "/"}
}

func readDialed(a *attempt, o Output, took time.Duration) (Outcome, bool) {
	var d Dialed
	if err := json.Unmarshal([]byte(lastLine(o.Stdout)), &d); err != nil {
		return Outcome{Detail: said(o), Took: took}, false
	}
	out := d.outcome(a.proto)
	out.Took = took
	return out, out.Seen != flow.SeenUnknown || d.Error != ""
}

// readText reads tools that say in words why they failed.
func readText(a *attempt, o Output, took time.Duration) (Outcome, bool) {
	out := Outcome{Detail: said(o), Took: took}
	text := strings.ToLower(o.Stderr + "\n" + o.Stdout)
	switch {
	case a.proto == flow.UDP && o.Stdout != "":
		out.Seen = flow.Connected
		out.Server, out.Peer = told(lastLine(o.Stdout))
	case has(text, usage...) && !has(text, "refused"):
		return out, false
	case has(text, "refused", "reset by peer"):
		out.Seen = flow.Refused
	case has(text, "no route to host", "unreachable", "not permitted", "permission denied"):
		out.Seen = flow.Unreachable
	case a.proto == flow.UDP, has(text, "timed out", "timeout", "in progress"), o.Exit == 124, o.Exit == 143:
		out.Seen = flow.Timeout
	case o.Exit == 0:
		out.Seen = flow.Connected
	case took >= a.timeout*9/10:
		out.Seen = flow.Timeout // some netcats end in silence
	default:
		return out, false
	}
	return out, true
}

// usage are the words of a tool that does not know an option, or lacks a part.
var usage = []string{"usage:", "invalid option", "unrecognized option", "unknown option", "illegal option", "no such file", "not supported", "can't locate", "not found"}

// readCurl: the words differ between versions, the time of the handshake does not.
func readCurl(a *attempt, o Output, took time.Duration) (Outcome, bool) {
	out := Outcome{Detail: said(o), Took: took}
	connected, err := strconv.ParseFloat(strings.TrimSpace(o.Stdout), 64)
	switch {
	case err == nil && connected > 0:
		out.Seen, out.Detail = flow.Connected, ""
		return out, true
	case o.Exit == 28:
		out.Seen = flow.Timeout
		return out, true
	case o.Exit != 7:
		return out, false
	}
	o.Stdout = ""
	return readText(a, o, took)
}

// readWget: an answer that is no HTTP has come over a connection, too. Silence may
// be the server's, so it is known only where the connection was told of.
func readWget(a *attempt, o Output, took time.Duration) (Outcome, bool) {
	text := strings.ToLower(o.Stderr)
	switch {
	case has(text, "] connected", "... connected", "server returned error", "error getting response", "bad header", "saved", "written to stdout"), o.Exit == 0:
		return Outcome{Seen: flow.Connected, Took: took}, true
	case has(text, "refused", "no route to host", "unreachable"):
		return readText(a, o, took)
	case has(text, "connecting to") && has(text, "failed: connection timed out"):
		return Outcome{Seen: flow.Timeout, Took: took, Detail: said(o)}, true
	}
	return Outcome{Detail: said(o), Took: took}, false
}

func has(text string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// said is the last thing a tool said.
func said(o Output) string {
	if s := lastLine(o.Stderr); s != "" {
		return s
	}
	return lastLine(o.Stdout)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
