//go:build linux

package lab

import (
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// terminal joins the user's terminal with a new one for the command: a shell
// needs one that no other session controls, for its jobs and for ctrl-C.
//
//	user ◄──► in, out ◄──► here ◄──pty──► there ◄──► shell in the machine
type terminal struct {
	in, out     *os.File
	here, there *os.File
	before      *unix.Termios // of in
	resized     chan os.Signal
	copied      sync.WaitGroup
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func newTerminal(in, out *os.File) (*terminal, error) {
	// Not blocking, so that reading can be given up.
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	t := &terminal{in: in, out: out, here: os.NewFile(uintptr(fd), "/dev/ptmx"), resized: make(chan os.Signal, 1)}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.close()
		return nil, err
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		t.there, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err == nil {
		t.before, err = unix.IoctlGetTermios(int(in.Fd()), unix.TCGETS)
	}
	if err == nil {
		err = unix.IoctlSetTermios(int(in.Fd()), unix.TCSETS, raw(*t.before))
	}
	if err != nil {
		t.close()
		return nil, err
	}
	t.resize()
	return t, nil
}

// raw is a terminal that hands on every key as it is.
func raw(s unix.Termios) *unix.Termios {
	s.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	s.Oflag &^= unix.OPOST
	s.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	s.Cflag = s.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	s.Cc[unix.VMIN], s.Cc[unix.VTIME] = 1, 0
	return &s
}

func (t *terminal) resize() {
	if size, err := unix.IoctlGetWinsize(int(t.out.Fd()), unix.TIOCGWINSZ); err == nil {
		_ = unix.IoctlSetWinsize(int(t.fd()), unix.TIOCSWINSZ, size)
	}
}

// fd is here's, without making it blocking as File.Fd does.
func (t *terminal) fd() (fd uintptr) {
	if c, err := t.here.SyscallConn(); err == nil {
		_ = c.Control(func(f uintptr) { fd = f })
	}
	return fd
}

// join starts to copy both ways.
func (t *terminal) join() {
	signal.Notify(t.resized, unix.SIGWINCH)
	go func() {
		for range t.resized {
			t.resize()
		}
	}()
	go func() { _, _ = io.Copy(t.here, t.in) }()
	t.copied.Go(func() { _, _ = io.Copy(t.out, t.here) })
}

// last is how long something in the background may hold the terminal after the
// command has ended.
const last = 100 * time.Millisecond

// drain waits until all that the command wrote is shown.
func (t *terminal) drain() {
	_ = t.here.SetReadDeadline(time.Now().Add(last))
	t.copied.Wait()
}

// close gives the user's terminal back as it was.
func (t *terminal) close() {
	signal.Stop(t.resized)
	close(t.resized)
	if t.before != nil {
		_ = unix.IoctlSetTermios(int(t.in.Fd()), unix.TCSETS, t.before)
	}
	if t.there != nil {
		_ = t.there.Close()
	}
	_ = t.here.Close()
}
