//go:build linux

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// order is what a client asks of a kept lab, with its three standard streams
// beside. It is one message, of at most maxOrder bytes.
type order struct {
	Machine  string
	Command  []string // none: a shell
	Term     string   // $TERM of the client
	Terminal bool     // the streams are a terminal of their own
}

// ending is the answer, when the command has ended.
type ending struct {
	Code  int
	Error string // why there was no command
}

const maxOrder = 1 << 16

// Keep lets other processes of the same user run commands in the lab's machines,
// until it is closed. It returns the name by which they find it.
func (l *Lab) Keep() (name string, err error) {
	listener, file, err := listen()
	if err != nil {
		return "", err
	}
	var clients sync.WaitGroup
	var all group
	clients.Go(func() {
		for {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return // closed
			}
			clients.Go(func() { l.receive(conn, &all) })
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closers = append(l.closers, func() error {
		err := errors.Join(os.Remove(file), listener.Close())
		all.end()
		clients.Wait()
		return err
	})
	return nameOf(file), nil
}

// group are the connections whose commands run.
type group struct {
	mu    sync.Mutex
	conns map[*net.UnixConn]bool
	over  bool
}

func (g *group) add(c *net.UnixConn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return false
	}
	if g.conns == nil {
		g.conns = map[*net.UnixConn]bool{}
	}
	g.conns[c] = true
	return true
}

func (g *group) remove(c *net.UnixConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, c)
}

// end closes all connections, which ends their commands.
func (g *group) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	for c := range g.conns {
		_ = c.CloseRead()
	}
}

// receive serves one client.
func (l *Lab) receive(conn *net.UnixConn, all *group) {
	defer conn.Close() //nolint:errcheck // nobody is left to tell
	if !all.add(conn) {
		return
	}
	defer all.remove(conn)
	o, streams, err := readOrder(conn)
	if err != nil {
		return // somebody looked whether the lab is alive
	}
	var e ending
	cmd, err := l.start(o, streams)
	for _, f := range streams {
		_ = f.Close()
	}
	if err != nil {
		e.Error = err.Error()
	} else {
		e.Code = wait(conn, cmd)
	}
	text, err := json.Marshal(e)
	if err == nil {
		_, _ = conn.Write(text)
	}
}

// readOrder reads an order with its streams.
func readOrder(conn *net.UnixConn) (*order, []*os.File, error) {
	text, rights := make([]byte, maxOrder), make([]byte, unix.CmsgSpace(3*4))
	n, m, _, _, err := conn.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, nil, err
	}
	var streams []*os.File
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	for i := range messages {
		fds, fail := unix.ParseUnixRights(&messages[i])
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			streams = append(streams, os.NewFile(uintptr(fd), "stream"))
		}
		err = errors.Join(err, fail)
	}
	var o order
	if err == nil {
		err = json.Unmarshal(text[:n], &o)
	}
	if err == nil && len(streams) != 3 {
		err = fmt.Errorf("%d streams", len(streams))
	}
	if err != nil {
		for _, f := range streams {
			_ = f.Close()
		}
		return nil, nil, err
	}
	return &o, streams, nil
}

// start starts the command in the machine's namespace, in a session of its own.
func (l *Lab) start(o *order, streams []*os.File) (*exec.Cmd, error) {
	m, err := l.find(o.Machine)
	if err != nil {
		return nil, err
	}
	command := o.Command
	if len(command) == 0 {
		command = []string{shellOf()}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = streams[0], streams[1], streams[2]
	cmd.Env = append(os.Environ(), "PORTOLAN_MACHINE="+m.Name)
	if o.Term != "" {
		cmd.Env = append(cmd.Env, "TERM="+o.Term)
	}
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: o.Terminal}
	if err := m.Do(cmd.Start); err != nil {
		return nil, fmt.Errorf("lab: %s: %w", strings.Join(command, " "), err)
	}
	return cmd, nil
}

func shellOf() string {
	if sh := os.Getenv("SHELL"); sh != "" {
		if path, err := exec.LookPath(sh); err == nil {
			return path
		}
	}
	return "/bin/sh"
}

// wait waits for the command, and ends it when the client ends.
func wait(conn *net.UnixConn, cmd *exec.Cmd) int {
	ended := make(chan struct{})
	go func() {
		_, _ = conn.Read(make([]byte, 1)) // the client says nothing more
		select {
		case <-ended:
		default:
			_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		}
	}()
	_ = cmd.Wait() // the state says it all
	close(ended)
	return exitCode(cmd.ProcessState)
}
