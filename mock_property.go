package kafka

import "github.com/purego-kafka/kafka/internal/mockhook"

// startMock starts the embedded cluster that test.mock.num.brokers asks for, and puts it in place of what
// bootstrap.servers and security.protocol say.
func (c *client) startMock() error {
	n := c.conf.num("test.mock.num.brokers")
	if n == 0 {
		return nil
	}
	if mockhook.Start == nil {
		return newErrorf(ErrInvalidArg, "test.mock.num.brokers=%d needs the embedded broker: add the import _ \"github.com/purego-kafka/kafka/testmock\"", n)
	}
	servers, stop, err := mockhook.Start(n, c.conf.ms("test.mock.broker.rtt"))
	if err != nil {
		return toError(err)
	}
	c.mock = stop
	c.conf.putText("metadata.broker.list", servers)
	c.conf.putText("security.protocol", "plaintext")
	c.log.printf(logNotice, "MOCK", "Mock cluster enabled: original bootstrap.servers and security.protocol ignored and replaced with %s", servers)
	return nil
}

// stopMock closes the cluster of startMock, if there is one.
func (c *client) stopMock() {
	if c.mock != nil {
		c.mock()
	}
}
