//go:build !linux

package kafka

import (
	"errors"
	"net"
)

// poller waits for the ends of connections: on Linux only. On other systems clients look at their connections now and
// then, where they can.
type poller struct{}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }

func (*poller) add(net.Conn, uint64) error { return errors.ErrUnsupported }

func (*poller) wait() ([]uint64, error) { return nil, errors.ErrUnsupported }

func (*poller) close() {}
