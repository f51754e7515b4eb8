//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package kafka

import "net"

// canPeek says whether peek can find anything.
const canPeek = false

// peek finds nothing on systems that can't look at a connection without reading it: there the end of an idle
// connection is noticed when it is used next.
func peek(net.Conn) (pending bool, err error) { return false, nil }
