package kafka

import (
	"errors"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The engine does not notice that a connection is dead while it does not use it. A broker that takes no new connection
// is down all the same, until it answers.
func TestDeadConnectionLeft(t *testing.T) {
	t.Parallel()
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1"})
	b, h := &w.brokers, brokerHooks{w.client}
	meta := kgo.BrokerMetadata{NodeID: 1, Host: "127.0.0.1", Port: 1}
	old, idle := net.Pipe()
	defer old.Close()
	defer idle.Close()
	h.OnBrokerConnect(meta, 0, old, nil)
	h.OnBrokerConnect(meta, 0, idle, nil)
	if !w.anyBrokerUp() {
		t.Fatal("no broker is up with two connections")
	}
	refused := dialError("127.0.0.1:1", &setupError{state: stateConnect, host: "127.0.0.1:1", addr: "127.0.0.1:1", err: errors.New("refused")})
	h.OnBrokerConnect(meta, 0, nil, refused)
	if _, needed := b.delay(); w.anyBrokerUp() || !needed {
		t.Error("a broker that takes no connection is up")
	}
	if last := b.reports[len(b.reports)-1]; last.allDown != "1/1 brokers are down" {
		t.Errorf("the report says %q", last.allDown)
	}
	h.OnBrokerDisconnect(meta, old)
	if w.anyBrokerUp() {
		t.Error("the end of one dead connection brings the broker up")
	}
	h.OnBrokerRead(meta, 0, 0, 0, 0, nil)
	if _, needed := b.delay(); !w.anyBrokerUp() || needed {
		t.Error("a broker that answers is down")
	}
	h.OnBrokerDisconnect(meta, idle)
	if w.anyBrokerUp() {
		t.Error("a broker without connections is up")
	}
}
