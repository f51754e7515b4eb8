package kafka

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// poller waits for the ends of connections. It is an epoll instance of its own, because the one of Go's runtime tells
// only who reads a connection, and about all that comes. Go's runtime waits for it as for any file, without a thread.
type poller struct {
	file   *os.File
	raw    syscall.RawConn
	events [64]syscall.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // what makes os.NewFile leave the waiting to the runtime
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{file: os.NewFile(uintptr(fd), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// edgeTriggered is EPOLLET, which package syscall has with different signs: an end is told once.
const edgeTriggered = 1 << 31

// add has wait return id when the connection ends. Data that comes in wakes nobody.
func (p *poller) add(conn net.Conn, id uint64) error {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return err
	}
	var got error
	if err := raw.Control(func(fd uintptr) {
		e := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | edgeTriggered, Fd: int32(id), Pad: int32(id >> 32)}
		got = p.control(int(fd), &e)
	}); err != nil {
		return err
	}
	return os.NewSyscallError("epoll_ctl", got)
}

func (p *poller) control(fd int, e *syscall.EpollEvent) (got error) {
	if err := p.raw.Control(func(epoll uintptr) {
		got = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, fd, e)
	}); err != nil {
		return err
	}
	return got
}

// wait waits for ends of connections. It fails when the poller is closed.
func (p *poller) wait() (ids []uint64, err error) {
	if e := p.raw.Read(func(fd uintptr) bool {
		var n int
		n, err = syscall.EpollWait(int(fd), p.events[:], 0)
		if errors.Is(err, syscall.EINTR) {
			err = nil
		}
		for _, e := range p.events[:max(n, 0)] {
			ids = append(ids, uint64(uint32(e.Fd))|uint64(uint32(e.Pad))<<32)
		}
		return n > 0 || err != nil
	}); e != nil {
		return nil, e
	}
	return ids, err
}

func (p *poller) close() { _ = p.file.Close() }
