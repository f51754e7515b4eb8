package kafka

import (
	"errors"
	"net"
)

// networkCode is the code of an error of the network: a name that did not resolve, or a lost connection.
func networkCode(err error) ErrorCode {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return ErrResolve
	}
	return ErrTransport
}
