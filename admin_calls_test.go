package kafka

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

func TestConfigs(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 2)
	makeTopic(t, a, "t", 1)
	topic := func(entries ...ConfigEntry) []ConfigResource {
		return []ConfigResource{{Type: ResourceTopic, Name: "t", Config: entries}}
	}
	rs, err := a.IncrementalAlterConfigs(t.Context(), topic(ConfigEntry{Name: "retention.ms", Value: "7000"}))
	if err != nil || len(rs) != 1 || rs[0].String() != "ResourceResult(TOPIC, t, 0 config(s))" {
		t.Fatalf("IncrementalAlterConfigs = %v, %v", rs, err)
	}
	both := append([]ConfigResource{{Type: ResourceBroker, Name: "1"}}, topic()...)
	rs, err = a.DescribeConfigs(t.Context(), both)
	if err != nil || len(rs) != 2 || rs[0].Type != ResourceBroker || rs[0].Name != "1" {
		t.Fatalf("DescribeConfigs = %v, %v", rs, err)
	}
	e := rs[1].Config["retention.ms"]
	if e.String() != `retention.ms="7000"` || e.Source != ConfigSourceDynamicTopic || e.IsDefault || e.IsSynonym {
		t.Errorf("entry %+v", e)
	}
	rs, err = a.AlterConfigs(t.Context(), topic(StringMapToConfigEntries(map[string]string{"cleanup.policy": "compact"}, AlterOperationSet)...))
	if err != nil || rs[0].Error.Code() != ErrNoError {
		t.Fatalf("AlterConfigs = %v, %v", rs, err)
	}
	rs, err = a.DescribeConfigs(t.Context(), topic())
	if err != nil || rs[0].Config["cleanup.policy"].Value != "compact" || rs[0].Config["retention.ms"].Source == ConfigSourceDynamicTopic {
		t.Errorf("after AlterConfigs: %v %+v, %v", rs, rs[0].Config["retention.ms"], err)
	}
}

func TestACLs(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	b := ACLBinding{ResourceTopic, "t", ResourcePatternTypeLiteral, "User:u", "*", ACLOperationRead, ACLPermissionTypeAllow}
	write, other := b, b
	write.Operation, other.Name = ACLOperationWrite, "a"
	created, err := a.CreateACLs(t.Context(), ACLBindings{write, b, other})
	if err != nil || len(created) != 3 || created[0].Error.Code() != ErrNoError || created[2].Error.Code() != ErrNoError {
		t.Fatalf("CreateACLs = %v, %v", created, err)
	}
	any := ACLBindingFilter{Type: ResourceAny, ResourcePatternType: ResourcePatternTypeAny, Operation: ACLOperationAny, PermissionType: ACLPermissionTypeAny}
	described, err := a.DescribeACLs(t.Context(), any)
	if err != nil || described.Error.Code() != ErrNoError || !slices.Equal(described.ACLBindings, ACLBindings{other, b, write}) {
		t.Errorf("DescribeACLs = %v, %v", described, err)
	}
	named := any
	named.Name = "t"
	deleted, err := a.DeleteACLs(t.Context(), ACLBindingFilters{other, named})
	if err != nil || len(deleted) != 2 || !slices.Equal(deleted[0].ACLBindings, ACLBindings{other}) || !slices.Equal(deleted[1].ACLBindings, ACLBindings{b, write}) {
		t.Errorf("DeleteACLs = %v, %v", deleted, err)
	}
	if described, err = a.DescribeACLs(t.Context(), any); err != nil || len(described.ACLBindings) != 0 {
		t.Errorf("DescribeACLs in the end = %v, %v", described, err)
	}
}

func TestACLBindingsSort(t *testing.T) {
	t.Parallel()
	a := ACLBinding{ResourceTopic, "x", ResourcePatternTypeLiteral, "User:a", "*", ACLOperationRead, ACLPermissionTypeAllow}
	vary := []func(*ACLBinding){
		func(b *ACLBinding) { b.Type++ }, func(b *ACLBinding) { b.Name += "x" }, func(b *ACLBinding) { b.ResourcePatternType++ },
		func(b *ACLBinding) { b.Principal += "x" }, func(b *ACLBinding) { b.Host += "x" }, func(b *ACLBinding) { b.Operation++ },
		func(b *ACLBinding) { b.PermissionType++ },
	}
	want := ACLBindings{a}
	for i := len(vary) - 1; i >= 0; i-- { // a later field counts less
		b := a
		vary[i](&b)
		want = append(want, b)
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	sort.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("sorted:\n%v, want\n%v", got, want)
	}
}

func TestScramCredentials(t *testing.T) {
	t.Parallel()
	cl, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("PLAIN", "admin", "admin"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	login := func(mechanism, user, password string) *AdminClient {
		return adminOn(t, ConfigMap{
			"bootstrap.servers": cl.ListenAddrs()[0], "security.protocol": "sasl_plaintext", "sasl.mechanisms": mechanism,
			"sasl.username": user, "sasl.password": password, "log_level": 0,
		})
	}
	a := login("PLAIN", "admin", "admin")
	up := func(user string, m ScramMechanism) UserScramCredentialUpsertion {
		return UserScramCredentialUpsertion{User: user, ScramCredentialInfo: ScramCredentialInfo{4096, m}, Password: []byte("secret")}
	}
	altered, err := a.AlterUserScramCredentials(t.Context(), []UserScramCredentialUpsertion{up("u", ScramMechanismSHA256), up("v", ScramMechanismSHA512)}, nil)
	if err != nil || len(altered.Errors) != 2 || altered.Errors["u"].Code() != ErrNoError || altered.Errors["v"].Code() != ErrNoError {
		t.Fatalf("AlterUserScramCredentials = %v, %v", altered, err)
	}
	described, err := a.DescribeUserScramCredentials(t.Context(), []string{"u", "none"})
	if err != nil || len(described.Descriptions) != 2 || described.Descriptions["none"].Error.Code() != ErrResourceNotFound {
		t.Errorf("DescribeUserScramCredentials = %+v, %v", described, err)
	}
	if got := described.Descriptions["u"].ScramCredentialInfos; !slices.Equal(got, []ScramCredentialInfo{{4096, ScramMechanismSHA256}}) {
		t.Errorf("described %v", got)
	}
	// What was salted here must be what a client that logs in proves.
	for user, mechanism := range map[string]string{"u": "SCRAM-SHA-256", "v": "SCRAM-SHA-512"} {
		if id, err := login(mechanism, user, "secret").ClusterID(t.Context()); id == "" || err != nil {
			t.Errorf("login by %s: %q, %v", mechanism, id, err)
		}
	}
	altered, err = a.AlterUserScramCredentials(t.Context(), nil, []UserScramCredentialDeletion{{"u", ScramMechanismSHA256}, {"none", ScramMechanismSHA256}})
	if err != nil || altered.Errors["u"].Code() != ErrNoError || altered.Errors["none"].Code() != ErrResourceNotFound {
		t.Errorf("deleting = %v, %v", altered, err)
	}
}

func TestElectLeaders(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	makeTopic(t, a, "t", 2)
	topic := "t"
	got, err := a.ElectLeaders(t.Context(), NewElectLeadersRequest(ElectionTypePreferred, []TopicPartition{{Topic: &topic, Partition: 1}, {Topic: &topic, Partition: 9}}))
	if err != nil || len(got.TopicPartitions) != 2 || got.TopicPartitions[0].Partition != 1 {
		t.Fatalf("ElectLeaders = %v, %v", got, err)
	}
	for i, p := range got.TopicPartitions { // the peer's users read the error as an Error, also where there is none
		if e, ok := p.Error.(Error); !ok || i == 1 && e.Code() != ErrUnknownTopicOrPart {
			t.Errorf("partition %v has the error %T %v", p, p.Error, p.Error)
		}
	}
	if got, err = a.ElectLeaders(t.Context(), NewElectLeadersRequest(ElectionTypePreferred, []TopicPartition{})); err != nil || len(got.TopicPartitions) != 0 {
		t.Errorf("electing none = %v, %v", got, err)
	}
	twice := []TopicPartition{{Topic: &topic}, {Topic: &topic}}
	if _, err = a.ElectLeaders(t.Context(), NewElectLeadersRequest(ElectionTypePreferred, twice)); !errors.Is(err, ErrInvalidArg) {
		t.Errorf("a partition twice: %v", err)
	}
}

// TestAdminArguments: what a call can't make sense of is refused before anything is sent: there is no broker here.
func TestAdminArguments(t *testing.T) {
	t.Parallel()
	a := adminOn(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
	ctx := t.Context()
	topic := "t"
	tp := TopicPartition{Topic: &topic}
	create := func(s ...TopicSpecification) error { _, err := a.CreateTopics(ctx, s); return err }
	grow := func(s ...PartitionsSpecification) error { _, err := a.CreatePartitions(ctx, s); return err }
	describe := func(r ...ConfigResource) error { _, err := a.DescribeConfigs(ctx, r); return err }
	alter := func(e ...ConfigEntry) error {
		_, err := a.AlterConfigs(ctx, []ConfigResource{{Type: ResourceTopic, Name: "t", Config: e}})
		return err
	}
	change := func(e ...ConfigEntry) error {
		_, err := a.IncrementalAlterConfigs(ctx, []ConfigResource{{Type: ResourceTopic, Name: "t", Config: e}})
		return err
	}
	describeTopics := func(names []string) error {
		_, err := a.DescribeTopics(ctx, NewTopicCollectionOfTopicNames(names))
		return err
	}
	scram := func(u ...UserScramCredentialUpsertion) error {
		_, err := a.AlterUserScramCredentials(ctx, u, nil)
		return err
	}
	sha := func(n int) ScramCredentialInfo {
		return ScramCredentialInfo{Iterations: n, Mechanism: ScramMechanismSHA256}
	}
	acl := ACLBinding{ResourceTopic, "x", ResourcePatternTypeLiteral, "User:a", "*", ACLOperationRead, ACLPermissionTypeAllow}
	acls := func(change func(*ACLBinding)) error {
		b := acl
		change(&b)
		_, err := a.CreateACLs(ctx, ACLBindings{b})
		return err
	}
	filter := func(change func(*ACLBinding)) error {
		b := acl
		change(&b)
		_, err := a.DescribeACLs(ctx, b)
		_, err2 := a.DeleteACLs(ctx, ACLBindingFilters{b})
		if fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("DescribeACLs: %v, but DeleteACLs: %v", err, err2)
		}
		return err
	}
	group := func(ps ...TopicPartition) []ConsumerGroupTopicPartitions {
		return []ConsumerGroupTopicPartitions{{Group: "g", Partitions: ps}}
	}
	list := func(g []ConsumerGroupTopicPartitions) error { _, err := a.ListConsumerGroupOffsets(ctx, g); return err }
	commit := func(g []ConsumerGroupTopicPartitions) error {
		_, err := a.AlterConsumerGroupOffsets(ctx, g)
		return err
	}
	negative := tp
	negative.Offset = -5
	for name, c := range map[string]struct {
		err  error
		code ErrorCode
		text string
	}{
		"no topics":               {create(), ErrInvalidArg, "No topics to create"},
		"too many partitions":     {create(TopicSpecification{Topic: "y", NumPartitions: 100001}), ErrInvalidArg, "Topic y: num_partitions out of expected range 1..100000 or -1 for broker default"},
		"replication factor":      {create(TopicSpecification{Topic: "y", NumPartitions: 1, ReplicationFactor: -2}), ErrInvalidArg, "Topic y: replication_factor out of expected range -1..10000"},
		"assignment and factor":   {create(TopicSpecification{Topic: "y", NumPartitions: 1, ReplicationFactor: 1, ReplicaAssignment: [][]int32{{0}}}), ErrInvalidArg, "TopicSpecification.ReplicationFactor and TopicSpecification.ReplicaAssignment are mutually exclusive"},
		"assignment size":         {create(TopicSpecification{Topic: "y", NumPartitions: 2, ReplicaAssignment: [][]int32{{0}}}), ErrInvalidArg, "TopicSpecification.ReplicaAssignment must contain exactly TopicSpecification.NumPartitions partitions"},
		"empty assignment":        {create(TopicSpecification{Topic: "y", NumPartitions: 1, ReplicaAssignment: [][]int32{{}}}), ErrInvalidArg, ""},
		"increase to 0":           {grow(PartitionsSpecification{Topic: "y"}), ErrInvalidArg, "Topic y: new_total_cnt out of expected range 1..100000"},
		"no partitions":           {grow(), ErrInvalidArg, ""},
		"no resources":            {describe(), ErrInvalidArg, ""},
		"resource without a name": {describe(ConfigResource{Type: ResourceTopic}), ErrInvalidArg, "Invalid arguments for resource Resource(TOPIC, )"},
		"unsupported resource":    {describe(ConfigResource{Type: -1, Name: "x"}), ErrInvalidArg, "Invalid arguments for resource Resource(UNSUPPORTED, x)"},
		"broker without a number": {describe(ConfigResource{Type: ResourceBroker, Name: "x"}), ErrInvalidArg, "Expected an int32 broker_id for ConfigResource(type=BROKER, name=x)"},
		"two brokers":             {describe(ConfigResource{Type: ResourceBroker, Name: "0"}, ConfigResource{Type: ResourceBroker, Name: "1"}), ErrConflict, "Only one ConfigResource of type BROKER is allowed per call"},
		"resource twice":          {describe(ConfigResource{Type: ResourceTopic, Name: "0"}, ConfigResource{Type: ResourceTopic, Name: "0"}), ErrInvalidArg, "Duplicate ConfigResource found"},
		"alter: no name":          {alter(ConfigEntry{Value: "1000"}), ErrInvalidArg, `Failed to add configuration Set ="1000": Local: Invalid argument or configuration`},
		"alter: operation":        {alter(ConfigEntry{Name: "n", Operation: 3}), ErrInvalidArg, ""},
		"incremental: no name":    {change(ConfigEntry{Value: "1000"}), ErrInvalidArg, "Config name mustn't be empty"},
		"incremental: operation":  {change(ConfigEntry{Name: "n", IncrementalOperation: 9}), ErrInvalidArg, "Invalid alter config operation type"},
		"incremental: name twice": {change(ConfigEntry{Name: "n"}, ConfigEntry{Name: "n"}), ErrInvalidArg, "Duplicate ConfigEntry found"},
		"nil collection":          {describeTopics(nil), ErrInvalidArg, "TopicCollection of topic names cannot be nil"},
		"empty topic name":        {describeTopics([]string{"a", ""}), ErrInvalidArg, "Empty topic name at index 1 isn't allowed"},
		"topic twice":             {describeTopics([]string{"a", "a"}), ErrInvalidArg, "Duplicate topics not allowed"},
		"empty collection":        {describeTopics([]string{}), ErrNoError, ""},
		"no alterations":          {scram(), ErrInvalidArg, "At least one alteration is required"},
		"no user":                 {scram(UserScramCredentialUpsertion{ScramCredentialInfo: sha(4096), Password: []byte("x")}), ErrInvalidArg, "Empty user at index 0"},
		"no mechanism":            {scram(UserScramCredentialUpsertion{User: "u", Password: []byte("x")}), ErrInvalidArg, "SCRAM mechanism must be specified at index 0"},
		"no iterations":           {scram(UserScramCredentialUpsertion{User: "u", ScramCredentialInfo: sha(0), Password: []byte("x")}), ErrInvalidArg, "Non-positive iterations at index 0"},
		"no password":             {scram(UserScramCredentialUpsertion{User: "u", ScramCredentialInfo: sha(4096)}), ErrInvalidArg, ""},
		"empty salt":              {scram(UserScramCredentialUpsertion{User: "u", ScramCredentialInfo: sha(4096), Password: []byte("x"), Salt: []byte{}}), ErrInvalidArg, ""},
		"acl name":                {acls(func(b *ACLBinding) { b.Name = "" }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC  LITERAL User:a * READ ALLOW}: Invalid resource name"},
		"acl principal":           {acls(func(b *ACLBinding) { b.Principal = "" }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC x LITERAL  * READ ALLOW}: Invalid principal"},
		"acl host":                {acls(func(b *ACLBinding) { b.Host = "" }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC x LITERAL User:a  READ ALLOW}: Invalid host"},
		"acl type":                {acls(func(b *ACLBinding) { b.Type = ResourceAny }), ErrInvalidArg, "Invalid arguments for ACL binding &{ANY x LITERAL User:a * READ ALLOW}: Invalid resource type"},
		"acl pattern":             {acls(func(b *ACLBinding) { b.ResourcePatternType = ResourcePatternTypeMatch }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC x MATCH User:a * READ ALLOW}: Invalid resource pattern type"},
		"acl operation":           {acls(func(b *ACLBinding) { b.Operation = 99 }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC x LITERAL User:a * UNSUPPORTED ALLOW}: Invalid operation"},
		"acl permission":          {acls(func(b *ACLBinding) { b.PermissionType = ACLPermissionTypeAny }), ErrInvalidArg, "Invalid arguments for ACL binding &{TOPIC x LITERAL User:a * READ ANY}: Invalid permission type"},
		"filter type":             {filter(func(b *ACLBinding) { b.Type = 0 }), ErrInvalidArg, "Invalid arguments for ACL binding filter &{UNKNOWN x LITERAL User:a * READ ALLOW}: Invalid resource type"},
		"filter permission":       {filter(func(b *ACLBinding) { b.PermissionType = 9 }), ErrInvalidArg, "Invalid arguments for ACL binding filter &{TOPIC x LITERAL User:a * READ UNSUPPORTED}: Invalid permission type"},
		"no group":                {list(nil), ErrFail, "expected length of groupsPartitions is 1, got 0"},
		"two groups":              {commit(append(group(tp), group(tp)...)), ErrFail, "expected length of groupsPartitions is 1, got 2"},
		"no offsets":              {commit(group()), ErrInvalidArg, "Non-empty topic partition list must be present"},
		"negative offset":         {commit(group(negative)), ErrInvalidArg, "All topic-partition offsets must be >= 0"},
		"empty list of offsets":   {list([]ConsumerGroupTopicPartitions{{Group: "g", Partitions: []TopicPartition{}}}), ErrInvalidArg, "NULL or non-empty topic partition list must be passed"},
		"partition twice":         {list(group(tp, tp)), ErrInvalidArg, "Duplicate partitions not allowed"},
		"no topic":                {list(group(TopicPartition{})), ErrInvalidArg, ""},
	} {
		var e Error
		switch {
		case c.code == ErrNoError:
			if c.err != nil {
				t.Errorf("%s: %v", name, c.err)
			}
		case c.code == ErrFail:
			if errors.As(c.err, &e) || c.err == nil {
				t.Errorf("%s: %T %v, want a plain error", name, c.err, c.err)
			}
		case !errors.As(c.err, &e) || e.Code() != c.code:
			t.Errorf("%s: %v, want code %d", name, c.err, c.code)
		}
		if c.text != "" && c.err.Error() != c.text {
			t.Errorf("%s:\n%v, want\n%s", name, c.err, c.text)
		}
	}
}

func TestAdminOptionRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opt  AdminOption
		text string
	}{
		{SetAdminRequestTimeout(0), ""},
		{SetAdminRequestTimeout(time.Hour), ""},
		{SetAdminRequestTimeout(-1), `Invalid value type for "request_timeout": expecting integer in range 0..3600000`},
		{SetAdminRequestTimeout(time.Hour + time.Second), `Invalid value type for "request_timeout": expecting integer in range 0..3600000`},
		{SetAdminOperationTimeout(-1), ""},
		{SetAdminOperationTimeout(-2), `Failed to set operation timeout: Invalid value type for "operation_timeout": expecting integer in range -1..3600000`},
		{SetAdminIsolationLevel(IsolationLevelReadCommitted), ""},
		{SetAdminIsolationLevel(7), `Invalid value type for "isolation_level": expecting integer in range 0..1`},
		{SetAdminMatchConsumerGroupStates([]ConsumerGroupState{}), ""},
		{SetAdminMatchConsumerGroupStates([]ConsumerGroupState{77}), "Invalid group state value"},
		{SetAdminMatchConsumerGroupStates([]ConsumerGroupState{3, 3}), "Duplicate states not allowed"},
		{SetAdminMatchConsumerGroupTypes([]ConsumerGroupType{0}), "UNKNOWN type is not allowed"},
		{SetAdminMatchConsumerGroupTypes([]ConsumerGroupType{77}), "Only a valid type is allowed"},
		{SetAdminMatchConsumerGroupTypes([]ConsumerGroupType{1, 1}), "Duplicate types not allowed"},
		{AdminOptionRequestTimeout{}, ""},
	} {
		var o adminOptions
		err := c.opt.apply(&o)
		if err == nil && c.text != "" || err != nil && (err.Error() != c.text || !errors.Is(err, ErrInvalidArg)) {
			t.Errorf("%#v: %v, want %q", c.opt, err, c.text)
		}
	}
	a := adminOn(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
	if _, err := a.DescribeCluster(t.Context(), SetAdminRequestTimeout(0)); err == nil || err.Error() != "Timed out initializing" || !errors.Is(err, ErrTimedOut) {
		t.Errorf("no time at all: %v", err)
	}
}
