package kafka

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// fakeAdmin is an admin client on an in-process cluster that does not create topics by itself.
func fakeAdmin(t *testing.T, brokers int, opts ...kfake.Opt) *AdminClient {
	t.Helper()
	cl, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(brokers)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return adminOn(t, ConfigMap{"bootstrap.servers": cl.ListenAddrs()[0]})
}

func adminOn(t *testing.T, conf ConfigMap) *AdminClient {
	t.Helper()
	a, err := NewAdminClient(&conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// makeTopic creates a topic and fails the test if it can't.
func makeTopic(t *testing.T, a *AdminClient, topic string, partitions int) {
	t.Helper()
	rs, err := a.CreateTopics(t.Context(), []TopicSpecification{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}})
	if err != nil || len(rs) != 1 || rs[0].Error.Code() != ErrNoError {
		t.Fatalf("CreateTopics(%s) = %v, %v", topic, rs, err)
	}
}

func TestCreateDescribeDeleteTopics(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 3)
	makeTopic(t, a, "one", 4)
	rs, err := a.CreateTopics(t.Context(), []TopicSpecification{
		{Topic: "two", NumPartitions: 1},
		{Topic: "one", NumPartitions: 1},
	}, SetAdminOperationTimeout(time.Second), SetAdminRequestTimeout(10*time.Second))
	if err != nil || len(rs) != 2 {
		t.Fatalf("CreateTopics = %v, %v", rs, err)
	}
	if rs[0].Topic != "two" || rs[0].Error.Code() != ErrNoError || rs[1].Topic != "one" || rs[1].Error.Code() != ErrTopicAlreadyExists {
		t.Errorf("results %v: want two created and one refused, in this order", rs)
	}
	d, err := a.DescribeTopics(t.Context(), NewTopicCollectionOfTopicNames([]string{"none", "one"}))
	if err != nil || len(d.TopicDescriptions) != 2 {
		t.Fatalf("DescribeTopics = %v, %v", d, err)
	}
	if got := d.TopicDescriptions[0]; got.Name != "none" || got.Error.Code() != ErrUnknownTopicOrPart {
		t.Errorf("unknown topic described as %+v", got)
	}
	one := d.TopicDescriptions[1]
	if one.Error.Code() != ErrNoError || len(one.Partitions) != 4 || one.TopicID.String() == "" || one.AuthorizedOperations != nil {
		t.Errorf("topic described as %+v", one)
	}
	for i, p := range one.Partitions {
		if p.Partition != i || p.Leader == nil || len(p.Replicas) != 1 || p.Replicas[0].Port == 0 {
			t.Errorf("partition %d described as %+v", i, p)
		}
	}
	rs, err = a.DeleteTopics(t.Context(), []string{"two", "none", "two"})
	if err != nil || len(rs) != 2 || rs[0].String() != "two" || rs[1].String() != "none (Broker: Unknown topic or partition)" {
		t.Errorf("DeleteTopics = %v, %v", rs, err)
	}
	md, err := a.GetMetadata(nil, true, 10000)
	if err != nil || len(md.Topics) != 1 || len(md.Topics["one"].Partitions) != 4 || len(md.Brokers) != 3 {
		t.Errorf("GetMetadata = %+v, %v", md, err)
	}
}

func TestAdminCallErrors(t *testing.T) {
	t.Parallel()
	a := adminOn(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := a.DeleteTopics(short, []string{"x"}); err != context.DeadlineExceeded {
		t.Errorf("context deadline: %v", err)
	}
	var none context.Context // stands for one that never ends
	_, err := a.DeleteTopics(none, []string{"x"}, nil, SetAdminRequestTimeout(20*time.Millisecond))
	var e Error
	if !errors.As(err, &e) || e.Code() != ErrTimedOut || e.Error() != "Failed while waiting for controller: Local: Timed out" {
		t.Errorf("request timeout: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.ClusterID(gone); err != context.Canceled {
		t.Errorf("ClusterID with a cancelled context: %v", err)
	}
	if _, err := a.GetMetadata(nil, true, 20); !errors.Is(err, ErrTransport) {
		t.Errorf("GetMetadata without a broker: %v", err)
	}
	a.Close()
	a.Close()
	if _, err := a.DeleteTopics(t.Context(), []string{"x"}); err != errClosed() {
		t.Errorf("after Close: %v", err)
	}
}

func TestDerivedAdminClients(t *testing.T) {
	t.Parallel()
	own := fakeAdmin(t, 1)
	brokers := own.client.conf.str("metadata.broker.list")
	p, err := NewProducer(&ConfigMap{"bootstrap.servers": brokers})
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewConsumer(&ConfigMap{"bootstrap.servers": brokers, "group.id": "g"})
	if err != nil {
		t.Fatal(err)
	}
	fromP, err := NewAdminClientFromProducer(p)
	if err != nil || fromP.String() != "admin-"+p.String() {
		t.Fatalf("from a producer: %v, %v", fromP, err)
	}
	fromC, err := NewAdminClientFromConsumer(c)
	if err != nil || fromC.String() != "admin-"+c.String() {
		t.Fatalf("from a consumer: %v, %v", fromC, err)
	}
	for _, a := range []*AdminClient{fromP, fromC} {
		if id, err := a.ClusterID(t.Context()); id == "" || err != nil {
			t.Errorf("%s: cluster %q, %v", a, id, err)
		}
		a.Close()
		if _, err := a.ClusterID(t.Context()); err != errClosed() {
			t.Errorf("%s after Close: %v", a, err)
		}
	}
	if p.IsClosed() || c.IsClosed() {
		t.Error("closing a derived admin client closed its owner")
	}
	again, err := NewAdminClientFromProducer(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	_ = c.Close()
	if _, err := again.ClusterID(t.Context()); err != errClosed() {
		t.Errorf("after the producer's Close: %v", err)
	}
	if _, err := NewAdminClientFromProducer(p); !errors.Is(err, ErrInvalidArg) {
		t.Errorf("from a closed producer: %v", err)
	}
	if _, err := NewAdminClientFromConsumer(c); !errors.Is(err, ErrInvalidArg) {
		t.Errorf("from a closed consumer: %v", err)
	}
}

// TestOperationsNotWaitedFor: a broker that was told not to wait answers that time ran out, which is then no error.
func TestOperationsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		timeout time.Duration
		want    ErrorCode
	}{{0, ErrNoError}, {-1, ErrNoError}, {time.Second, ErrRequestTimedOut}} {
		call := &adminCall{}
		if err := SetAdminOperationTimeout(c.timeout).apply(&call.adminOptions); err != nil {
			t.Fatal(err)
		}
		if got := call.topicError(int16(ErrRequestTimedOut), nil); got.Code() != c.want {
			t.Errorf("operation timeout %v: %v, want code %d", c.timeout, got, c.want)
		}
	}
}

// TestAdminCallsEnd: a call that waits for a broker that never answers ends at once with its context and with Close.
func TestAdminCallsEnd(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 16)
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	a := adminOn(t, ConfigMap{"bootstrap.servers": l.Addr().String(), "log_level": 0})
	wait := func(ctx context.Context) chan error {
		ended := make(chan error, 1)
		go func() {
			_, err := a.CreateTopics(ctx, []TopicSpecification{{Topic: "t", NumPartitions: 1}})
			ended <- err
		}()
		return ended
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancelled, closed := wait(ctx), wait(t.Context())
	conn := <-accepted // the client is under way
	defer conn.Close()
	cancel()
	if err := <-cancelled; err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
	a.Close()
	if err := <-closed; !errors.Is(err, ErrDestroy) && err != errClosed() {
		t.Errorf("closed: %v", err)
	}
	_ = l.Close()
	<-accepting
	for {
		select {
		case c := <-accepted:
			_ = c.Close()
			continue
		default:
		}
		break
	}
}
