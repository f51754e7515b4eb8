//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package kafka

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// canPeek says whether peek can find anything.
const canPeek = true

// peek looks at a connection without taking anything from it: whether there is something to read, or that the other
// side has ended it. It may be called while another goroutine reads.
func peek(conn net.Conn) (pending bool, err error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false, nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false, err
	}
	var n int
	var got error
	if err := raw.Control(func(fd uintptr) {
		var buf [1]byte
		n, _, got = syscall.Recvfrom(int(fd), buf[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	}); err != nil {
		return false, err
	}
	switch {
	case errors.Is(got, syscall.EAGAIN), errors.Is(got, syscall.EINTR):
		return false, nil
	case got != nil:
		return false, got
	case n == 0:
		return false, io.EOF
	}
	return true, nil
}
