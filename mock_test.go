package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
)

// The embedded broker is looked at through the engine itself here, so that a defect of a client of ours does not look
// like one of the broker.

func newMock(t testing.TB, brokers int) *kafka.MockCluster {
	t.Helper()
	mc, err := kafka.NewMockCluster(brokers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mc.Close)
	return mc
}

func newEngine(t testing.TB, mc *kafka.MockCluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(mc.BootstrapServers(), ",")...)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func code(err error) kafka.ErrorCode {
	var e kafka.Error
	switch {
	case err == nil:
		return kafka.ErrNoError
	case errors.As(err, &e):
		return e.Code()
	}
	return kafka.ErrFail
}

func TestMockBrokers(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 3)
	md, err := kadm.NewClient(newEngine(t, mc)).BrokerMetadata(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var addrs []string
	for i, b := range md.Brokers { // sorted by id
		if want := int32(i + 1); b.NodeID != want {
			t.Errorf("broker %d has the id %d", want, b.NodeID)
		}
		addrs = append(addrs, fmt.Sprintf("%s:%d", b.Host, b.Port))
	}
	if got := strings.Join(addrs, ","); got != mc.BootstrapServers() {
		t.Errorf("brokers %s in the metadata, but %s in BootstrapServers", got, mc.BootstrapServers())
	}
	if !slices.Contains(md.Brokers.NodeIDs(), md.Controller) {
		t.Errorf("controller %d is none of the brokers", md.Controller)
	}
}

func TestMockNoBrokers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1} {
		mc := newMock(t, n)
		if got := mc.BootstrapServers(); got != "" {
			t.Errorf("%d brokers: bootstrap servers %q", n, got)
		}
		if err := mc.CreateTopic("t", 1, 1); code(err) != kafka.ErrBrokerNotAvailable {
			t.Errorf("%d brokers: CreateTopic: %v", n, err)
		}
	}
}

func TestMockCreateTopic(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 3)
	if err := mc.SetBrokerDown(-1); err != nil { // the application's own calls work nevertheless
		t.Fatal(err)
	}
	tests := []struct {
		topic                string
		partitions, replicas int
		code                 kafka.ErrorCode
		wantParts, wantRepl  int
	}{
		{"one", 1, 1, kafka.ErrNoError, 1, 1},
		{"one", 1, 1, kafka.ErrTopicAlreadyExists, 1, 1},
		{"seven", 7, 2, kafka.ErrNoError, 7, 2},
		{"default", 0, 0, kafka.ErrNoError, 4, 3},
		{"many-replicas", 1, 9, kafka.ErrNoError, 1, 3},
	}
	for _, tt := range tests {
		if err := mc.CreateTopic(tt.topic, tt.partitions, tt.replicas); code(err) != tt.code {
			t.Errorf("CreateTopic(%q, %d, %d): %v, want code %d", tt.topic, tt.partitions, tt.replicas, err, tt.code)
		}
	}
	if err := mc.SetBrokerUp(-1); err != nil {
		t.Fatal(err)
	}
	topics, err := kadm.NewClient(newEngine(t, mc)).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		td := topics[tt.topic]
		if len(td.Partitions) != tt.wantParts || td.Partitions.NumReplicas() != tt.wantRepl {
			t.Errorf("%s has %d partitions with %d replicas, want %d and %d", tt.topic,
				len(td.Partitions), td.Partitions.NumReplicas(), tt.wantParts, tt.wantRepl)
		}
	}
}

func TestMockAutoCreatesTopics(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 2)
	cl := newEngine(t, mc, kgo.AllowAutoTopicCreation())
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "new", Value: []byte("v")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	topics, err := kadm.NewClient(cl).ListTopics(t.Context(), "new")
	if err != nil {
		t.Fatal(err)
	}
	if n, r := len(topics["new"].Partitions), topics["new"].Partitions.NumReplicas(); n != 4 || r != 2 {
		t.Errorf("a topic created by producing has %d partitions with %d replicas, want 4 and 2", n, r)
	}
}

func TestMockBrokerIDs(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 2)
	calls := map[string]func(int) error{
		"SetBrokerDown":        mc.SetBrokerDown,
		"SetBrokerUp":          mc.SetBrokerUp,
		"SetRoundtripDuration": func(id int) error { return mc.SetRoundtripDuration(id, -time.Second) },
	}
	for name, call := range calls {
		for id, want := range map[int]kafka.ErrorCode{
			-2: kafka.ErrBrokerNotAvailable, -1: kafka.ErrNoError, 0: kafka.ErrBrokerNotAvailable,
			1: kafka.ErrNoError, 2: kafka.ErrNoError, 3: kafka.ErrBrokerNotAvailable,
		} {
			if err := call(id); code(err) != want {
				t.Errorf("%s(%d): %v, want code %d", name, id, err, want)
			}
		}
	}
}

func TestMockBrokerDownAndUp(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 2)
	addrs := strings.Split(mc.BootstrapServers(), ",")
	conn, err := net.Dial("tcp", addrs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 2 { // the second time changes nothing
		if err := mc.SetBrokerDown(1); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !strings.Contains(fmt.Sprint(err), "reset") {
		t.Errorf("reading from a broker that went down: %v, want a closed connection", err)
	}
	awaitRefused(t, addrs[0])
	if c, err := net.Dial("tcp", addrs[1]); err != nil {
		t.Errorf("the other broker: %v", err)
	} else {
		c.Close()
	}
	for range 2 {
		if err := mc.SetBrokerUp(1); err != nil {
			t.Fatal(err)
		}
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(addrs[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.Ping(t.Context()); err != nil {
		t.Errorf("a broker that is up again, at its old address: %v", err)
	}
}

func TestMockRoundtrip(t *testing.T) {
	t.Parallel()
	const rtt = 150 * time.Millisecond
	mc := newMock(t, 1)
	cl := newEngine(t, mc)
	ask := func() time.Duration {
		begin := time.Now()
		if _, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), cl); err != nil {
			t.Fatal(err)
		}
		return time.Since(begin)
	}
	ask() // connects
	if err := mc.SetRoundtripDuration(1, rtt); err != nil {
		t.Fatal(err)
	}
	if d := ask(); d < rtt {
		t.Errorf("a request took %s with a round trip of %s", d, rtt)
	}
	// What is sent together comes back together.
	const n = 8
	begin := time.Now()
	results := make(chan error, n)
	for range n {
		go func() {
			_, err := kmsg.NewPtrMetadataRequest().RequestWith(context.WithoutCancel(t.Context()), cl)
			results <- err
		}()
	}
	for range n {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(begin); d < rtt || d > n*rtt {
		t.Errorf("%d requests at once took %s with a round trip of %s", n, d, rtt)
	}
	if err := mc.SetRoundtripDuration(-1, 0); err != nil {
		t.Fatal(err)
	}
	ask() // may still queue behind a delayed response
	if d := ask(); d > rtt {
		t.Errorf("a request took %s without a round trip time", d)
	}
}

func TestMockPushRequestErrors(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	if err := mc.CreateTopic("t", 1, 1); err != nil {
		t.Fatal(err)
	}
	broker := newEngine(t, mc, kgo.RequestRetries(0)).Broker(1)
	end := func() error {
		req := kmsg.NewPtrListOffsetsRequest()
		req.ReplicaID = -1
		rt := kmsg.NewListOffsetsRequestTopic()
		rt.Topic = "t"
		rp := kmsg.NewListOffsetsRequestTopicPartition()
		rp.Timestamp, rp.CurrentLeaderEpoch = -1, -1
		rt.Partitions = append(rt.Partitions, rp)
		req.Topics = append(req.Topics, rt)
		resp, err := req.RequestWith(t.Context(), broker)
		if err != nil {
			return err
		}
		return kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode)
	}
	if err := end(); err != nil {
		t.Fatal(err)
	}
	key := kmsg.ListOffsets.Int16()
	if err := mc.PushRequestErrors(key, kafka.ErrLeaderNotAvailable, kafka.ErrNoError); err != nil {
		t.Fatal(err)
	}
	if err := mc.PushRequestErrors(key, kafka.ErrTransport, kafka.ErrRequestTimedOut); err != nil {
		t.Fatal(err)
	}
	check := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s request: %v, want %v", what, err, want)
		}
	}
	check("first", end(), kerr.LeaderNotAvailable)
	check("second", end(), nil)
	if err := end(); err == nil || errors.As(err, new(*kerr.Error)) {
		t.Errorf("third request: %v, want a closed connection", err)
	}
	check("fourth", end(), kerr.RequestTimedOut)
	check("fifth", end(), nil)

	for _, bad := range []struct {
		key   int16
		codes []kafka.ErrorCode
	}{{-1, nil}, {9999, nil}, {key, []kafka.ErrorCode{kafka.ErrNoError, kafka.ErrTimedOut}}, {key, []kafka.ErrorCode{30000}}} {
		if err := mc.PushRequestErrors(bad.key, bad.codes...); code(err) != kafka.ErrInvalidArg {
			t.Errorf("PushRequestErrors(%d, %d): %v", bad.key, bad.codes, err)
		}
	}
	check("last", end(), nil)
}

// TestMockPushRequestErrorsNotForCreateTopic: an application's CreateTopics fails, the test's own CreateTopic does not.
func TestMockPushRequestErrorsNotForCreateTopic(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	if err := mc.PushRequestErrors(kmsg.CreateTopics.Int16(), kafka.ErrPolicyViolation); err != nil {
		t.Fatal(err)
	}
	if err := mc.CreateTopic("mine", 1, 1); err != nil {
		t.Errorf("CreateTopic: %v", err)
	}
	resp, err := kadm.NewClient(newEngine(t, mc)).CreateTopic(t.Context(), 1, 1, nil, "theirs")
	if !errors.Is(err, kerr.PolicyViolation) {
		t.Errorf("a client's CreateTopics: %v, %v, want %v", resp, err, kerr.PolicyViolation)
	}
}

func TestMockClosed(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	if err := mc.SetRoundtripDuration(1, time.Hour); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", mc.BootstrapServers())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(kmsg.NewRequestFormatter().AppendRequest(nil, kmsg.NewPtrApiVersionsRequest(), 1)); err != nil {
		t.Fatal(err)
	}
	boot := mc.BootstrapServers()
	mc.Close()
	mc.Close()
	if got := mc.BootstrapServers(); got != boot {
		t.Errorf("bootstrap servers %q after Close, %q before", got, boot)
	}
	for name, err := range map[string]error{
		"CreateTopic":          mc.CreateTopic("t", 1, 1),
		"SetBrokerDown":        mc.SetBrokerDown(1),
		"SetBrokerUp":          mc.SetBrokerUp(1),
		"SetRoundtripDuration": mc.SetRoundtripDuration(1, 0),
		"PushRequestErrors":    mc.PushRequestErrors(0),
	} {
		if code(err) != kafka.ErrState {
			t.Errorf("%s on a closed cluster: %v", name, err)
		}
	}
	awaitRefused(t, boot)
}

// awaitRefused dials until the connection is refused. A process that another test starts has a copy of all sockets for
// a moment, the one that was closed just before included.
func awaitRefused(t *testing.T, addr string) {
	t.Helper()
	limit := time.After(5 * time.Second)
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-again.C:
		case <-limit:
			t.Fatalf("%s still takes connections", addr)
		}
	}
}

// notLinked are functions, by parts of their names, that a program with a producer and a consumer must not carry: they and
// what they need make it a tenth larger.
var notLinked = []string{"log/slog.(*Logger)", "kgo.(*Client).OptValue", "kafka.(*AdminClient).CreateTopics",
	"franz-go/pkg/kadm.", "net/http.", "text/template."}

// TestLinking: only a program that names NewMockCluster carries the embedded broker, and none what it has no use for.
func TestLinking(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]bool{"plain": false, "mock": true} {
		bin := filepath.Join(t.TempDir(), program)
		if out, err := exec.Command("go", "build", "-o", bin, "./testdata/link/"+program).CombinedOutput(); err != nil {
			t.Fatalf("building %s: %v\n%s", program, err, out)
		}
		symbols, err := exec.Command("go", "tool", "nm", bin).Output()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(symbols), "franz-go/pkg/kgo.") {
			t.Fatalf("%s: the symbols do not show the engine: go tool nm sees nothing", program)
		}
		if got := strings.Contains(string(symbols), "kfake.(*Cluster)"); got != want {
			t.Errorf("program %s has the embedded broker in it: %t, want %t", program, got, want)
		}
		for _, name := range notLinked {
			if !want && strings.Contains(string(symbols), name) {
				t.Errorf("program %s has %s in it", program, name)
			}
		}
	}
}
