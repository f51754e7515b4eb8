package testmock

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

func TestProperty(t *testing.T) {
	const rtt = 50 * time.Millisecond
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":     "127.0.0.1:1", // nobody is there: it must not be asked
		"security.protocol":     "ssl",
		"group.id":              "g",
		"log_level":             0,
		"test.mock.num.brokers": 2,
		"test.mock.broker.rtt":  int(rtt.Milliseconds()),
	})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	md, err := c.GetMetadata(nil, true, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if d := time.Since(begin); d < rtt {
		t.Errorf("metadata took %s with a round trip of %s", d, rtt)
	}
	if len(md.Brokers) != 2 {
		t.Fatalf("brokers %v, want 2", md.Brokers)
	}
	addr := net.JoinHostPort(md.Brokers[0].Host, strconv.Itoa(md.Brokers[0].Port))
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Errorf("the cluster is still there after the client was closed")
	}
}
