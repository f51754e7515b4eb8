package kafka

import (
	"context"
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ConfigSource says where the value of a configuration entry comes from.
type ConfigSource int

// Configuration sources.
const (
	ConfigSourceUnknown              ConfigSource = 0
	ConfigSourceDynamicTopic         ConfigSource = 1 // set for this topic
	ConfigSourceDynamicBroker        ConfigSource = 2 // set for this broker while it ran
	ConfigSourceDynamicDefaultBroker ConfigSource = 3 // set for all brokers while they ran
	ConfigSourceStaticBroker         ConfigSource = 4 // from the broker's properties file
	ConfigSourceDefault              ConfigSource = 5 // built in
	ConfigSourceGroup                ConfigSource = 8 // set for this group
)

var configSourceNames = []string{
	"UNKNOWN_CONFIG", "DYNAMIC_TOPIC_CONFIG", "DYNAMIC_BROKER_CONFIG", "DYNAMIC_DEFAULT_BROKER_CONFIG",
	"STATIC_BROKER_CONFIG", "DEFAULT_CONFIG", "DYNAMIC_BROKER_LOGGER_CONFIG", "CLIENT_METRICS_CONFIG", "GROUP_CONFIG",
}

// String returns the protocol's name, UNSUPPORTED for a number without one.
func (t ConfigSource) String() string { return nameOf(configSourceNames, int(t)) }

// AlterOperation is what AlterConfigs does with an entry: it only sets.
type AlterOperation int

// AlterOperationSet sets the entry. It is an untyped constant, as in the peer.
const AlterOperationSet = 0

// String returns "Set", or the number of an operation that does not exist.
func (o AlterOperation) String() string {
	if o == AlterOperationSet {
		return "Set"
	}
	return fmt.Sprintf("Unknown%d?", int(o))
}

// AlterConfigOpType is what IncrementalAlterConfigs does with an entry.
type AlterConfigOpType int

// Incremental operations.
const (
	AlterConfigOpTypeSet      AlterConfigOpType = 0
	AlterConfigOpTypeDelete   AlterConfigOpType = 1 // back to the default
	AlterConfigOpTypeAppend   AlterConfigOpType = 2 // adds to a list
	AlterConfigOpTypeSubtract AlterConfigOpType = 3 // takes from a list
)

var alterOpNames = []string{"Set", "Delete", "Append", "Subtract"}

// String returns the name, or the number of an operation that does not exist.
func (o AlterConfigOpType) String() string {
	if o < 0 || int(o) >= len(alterOpNames) {
		return fmt.Sprintf("Unknown %d", int(o))
	}
	return alterOpNames[o]
}

// ConfigEntry is one entry to alter: Operation counts for AlterConfigs, IncrementalOperation for
// IncrementalAlterConfigs.
type ConfigEntry struct {
	Name                 string
	Value                string
	Operation            AlterOperation
	IncrementalOperation AlterConfigOpType
}

// String returns the operation of AlterConfigs, the name and the value.
func (c ConfigEntry) String() string {
	return fmt.Sprintf("%v %s=\"%s\"", c.Operation, c.Name, c.Value)
}

// StringMapToConfigEntries makes entries for AlterConfigs, sorted by name.
func StringMapToConfigEntries(stringMap map[string]string, operation AlterOperation) []ConfigEntry {
	var entries []ConfigEntry
	for _, k := range sortedKeys(stringMap) {
		entries = append(entries, ConfigEntry{Name: k, Value: stringMap[k], Operation: operation})
	}
	return entries
}

// StringMapToIncrementalConfigEntries makes entries for IncrementalAlterConfigs, sorted by name. What operationMap
// does not have is set.
func StringMapToIncrementalConfigEntries(stringMap map[string]string, operationMap map[string]AlterConfigOpType) []ConfigEntry {
	var entries []ConfigEntry
	for _, k := range sortedKeys(stringMap) {
		entries = append(entries, ConfigEntry{Name: k, Value: stringMap[k], IncrementalOperation: operationMap[k]})
	}
	return entries
}

// ConfigResource names what has a configuration, a topic, a group or, by its id, a broker; and the entries to alter.
type ConfigResource struct {
	Type   ResourceType
	Name   string
	Config []ConfigEntry
}

// String returns the type and the name.
func (c ConfigResource) String() string { return fmt.Sprintf("Resource(%s, %s)", c.Type, c.Name) }

// ConfigEntryResult is one entry of a configuration.
type ConfigEntryResult struct {
	Name        string
	Value       string // "" also where the broker does not tell: a secret, or no value
	Source      ConfigSource
	IsReadOnly  bool
	IsDefault   bool
	IsSensitive bool
	IsSynonym   bool
	// Synonyms are the entries that the value is taken from, by name, nil where there are none. A name that counts at
	// several levels is there with the last of them, the default.
	Synonyms map[string]ConfigEntryResult
}

// String returns the name and the value.
func (c ConfigEntryResult) String() string { return fmt.Sprintf("%s=\"%s\"", c.Name, c.Value) }

// ConfigResourceResult is one resource with its configuration, by name: of DescribeConfigs; nil from calls that alter.
type ConfigResourceResult struct {
	Type   ResourceType
	Name   string
	Error  Error
	Config map[string]ConfigEntryResult
}

// String returns the type, the name, and the error or the number of entries.
func (c ConfigResourceResult) String() string {
	if c.Error.Code() != ErrNoError {
		return fmt.Sprintf("ResourceResult(%s, %s, \"%v\")", c.Type, c.Name, c.Error)
	}
	return fmt.Sprintf("ResourceResult(%s, %s, %d config(s))", c.Type, c.Name, len(c.Config))
}

// configKey is a resource as a map key, with the protocol's number of its type.
type configKey struct {
	kind kmsg.ConfigResourceType
	name string
}

func (c ConfigResource) key() configKey {
	if c.Type == ResourceGroup { // the only type whose number differs in configuration requests
		return configKey{kmsg.ConfigResourceTypeGroupConfig, c.Name}
	}
	return configKey{kmsg.ConfigResourceType(c.Type), c.Name}
}

// checkResources refuses what no broker could make sense of, and returns what a timeout of the call says: requests
// about a broker wait for this broker, others for the controller.
func checkResources(resources []ConfigResource) (stage string, broker int32, err error) {
	broker = -1
	seen := map[configKey]bool{}
	for _, r := range resources {
		if r.Name == "" || r.Type < 0 {
			return "", broker, newErrorf(ErrInvalidArg, "Invalid arguments for resource %v", r)
		}
		if r.Type == ResourceBroker && broker >= 0 {
			return "", broker, newErrorf(ErrConflict, "Only one ConfigResource of type BROKER is allowed per call")
		}
		if seen[r.key()] {
			return "", broker, newErrorf(ErrInvalidArg, "Duplicate ConfigResource found")
		}
		seen[r.key()] = true
		if r.Type != ResourceBroker {
			continue
		}
		id, err := strconv.ParseInt(r.Name, 10, 32)
		if err != nil || id < 0 {
			return "", broker, newErrorf(ErrInvalidArg, "Expected an int32 broker_id for ConfigResource(type=BROKER, name=%s)", r.Name)
		}
		broker = int32(id)
	}
	if broker >= 0 {
		return waitBroker, broker, nil
	}
	return waitController, broker, nil
}

// configCall checks the resources, starts the call and, where they name a broker, waits for it.
func configCall[O AdminOption](ctx context.Context, a *AdminClient, resources []ConfigResource, opts []O) (*adminCall, error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	stage, broker, err := checkResources(resources)
	if err != nil {
		return nil, err
	}
	call, err := begin(ctx, a, stage, opts)
	if err != nil {
		return nil, err
	}
	if len(resources) == 0 {
		err = newErrorf(ErrInvalidArg, "No resources given")
	} else if broker >= 0 {
		err = call.awaitBroker(broker)
	}
	if err != nil {
		call.cancel()
		return nil, err
	}
	return call, nil
}

// configResults puts what the brokers answered in the order of the request.
func configResults(resources []ConfigResource, found map[configKey]ConfigResourceResult) []ConfigResourceResult {
	results := make([]ConfigResourceResult, len(resources))
	for i, r := range resources {
		f, ok := found[r.key()]
		if !ok {
			f.Error = missing("resource", r.Name)
		}
		f.Type, f.Name = r.Type, r.Name
		results[i] = f
	}
	return results
}

// AlterConfigs replaces whole configurations: entries that a resource does not name go back to their defaults, which
// is why IncrementalAlterConfigs is the better choice. See [AdminClient] for how calls wait. ErrInvalidArg: an empty
// list, a resource twice or without a name, an entry without a name or with an operation other than AlterOperationSet.
// ErrConflict: more than one broker in a call.
func (a *AdminClient) AlterConfigs(ctx context.Context, resources []ConfigResource, options ...AlterConfigsAdminOption) (result []ConfigResourceResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrAlterConfigsRequest()
	for _, r := range resources {
		rr := kmsg.NewAlterConfigsRequestResource()
		rr.ResourceType, rr.ResourceName = r.key().kind, r.Name
		for _, e := range r.Config {
			if e.Operation != AlterOperationSet {
				return nil, newErrorf(ErrInvalidArg, "Invalid ConfigEntry.Operation: %v: AlterConfigs can only set; IncrementalAlterConfigs can do more", e.Operation)
			}
			if e.Name == "" {
				return nil, newErrorf(ErrInvalidArg, "Failed to add configuration %s: %s", e, ErrInvalidArg)
			}
			c := kmsg.NewAlterConfigsRequestResourceConfig()
			c.Name, c.Value = e.Name, &e.Value
			rr.Configs = append(rr.Configs, c)
		}
		req.Resources = append(req.Resources, rr)
	}
	call, err := configCall(ctx, a, resources, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	req.ValidateOnly = call.validateOnly
	found := map[configKey]ConfigResourceResult{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			return nil, call.fail(s.Err)
		}
		for _, r := range s.Resp.(*kmsg.AlterConfigsResponse).Resources {
			found[configKey{r.ResourceType, r.ResourceName}] = ConfigResourceResult{Error: itemError(r.ErrorCode, r.ErrorMessage)}
		}
	}
	return configResults(resources, found), nil
}

// IncrementalAlterConfigs changes single entries of configurations as their IncrementalOperation says. See
// [AdminClient] for how calls wait. ErrInvalidArg: an empty list, a resource twice or without a name, an entry twice,
// without a name or with an unknown operation. ErrConflict: more than one broker in a call.
func (a *AdminClient) IncrementalAlterConfigs(ctx context.Context, resources []ConfigResource, options ...AlterConfigsAdminOption) (result []ConfigResourceResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	for _, r := range resources {
		rr := kmsg.NewIncrementalAlterConfigsRequestResource()
		rr.ResourceType, rr.ResourceName = r.key().kind, r.Name
		seen := map[string]bool{}
		for _, e := range r.Config {
			switch {
			case e.Name == "":
				return nil, newErrorf(ErrInvalidArg, "Config name mustn't be empty")
			case e.IncrementalOperation < AlterConfigOpTypeSet || e.IncrementalOperation > AlterConfigOpTypeSubtract:
				return nil, newErrorf(ErrInvalidArg, "Invalid alter config operation type")
			case seen[e.Name]:
				return nil, newErrorf(ErrInvalidArg, "Duplicate ConfigEntry found")
			}
			seen[e.Name] = true
			c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
			c.Name, c.Op = e.Name, kmsg.IncrementalAlterConfigOp(e.IncrementalOperation)
			if e.IncrementalOperation != AlterConfigOpTypeDelete {
				c.Value = &e.Value
			}
			rr.Configs = append(rr.Configs, c)
		}
		req.Resources = append(req.Resources, rr)
	}
	call, err := configCall(ctx, a, resources, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	req.ValidateOnly = call.validateOnly
	found := map[configKey]ConfigResourceResult{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			return nil, call.fail(s.Err)
		}
		for _, r := range s.Resp.(*kmsg.IncrementalAlterConfigsResponse).Resources {
			found[configKey{r.ResourceType, r.ResourceName}] = ConfigResourceResult{Error: itemError(r.ErrorCode, r.ErrorMessage)}
		}
	}
	return configResults(resources, found), nil
}

// DescribeConfigs gets whole configurations. See [AdminClient] for how calls wait. ErrInvalidArg: an empty list, a
// resource twice or without a name. ErrConflict: more than one broker in a call.
func (a *AdminClient) DescribeConfigs(ctx context.Context, resources []ConfigResource, options ...DescribeConfigsAdminOption) (result []ConfigResourceResult, err error) {
	call, err := configCall(ctx, a, resources, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.IncludeSynonyms = true
	for _, r := range resources {
		rr := kmsg.NewDescribeConfigsRequestResource()
		rr.ResourceType, rr.ResourceName = r.key().kind, r.Name
		req.Resources = append(req.Resources, rr)
	}
	found := map[configKey]ConfigResourceResult{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			return nil, call.fail(s.Err)
		}
		for _, r := range s.Resp.(*kmsg.DescribeConfigsResponse).Resources {
			found[configKey{r.ResourceType, r.ResourceName}] = ConfigResourceResult{
				Error: itemError(r.ErrorCode, r.ErrorMessage), Config: configEntries(r.Configs),
			}
		}
	}
	return configResults(resources, found), nil
}

func configEntries(configs []kmsg.DescribeConfigsResponseResourceConfig) map[string]ConfigEntryResult {
	if len(configs) == 0 {
		return nil
	}
	entries := make(map[string]ConfigEntryResult, len(configs))
	for _, c := range configs {
		e := ConfigEntryResult{
			Name: c.Name, Value: deref(c.Value), Source: ConfigSource(c.Source), IsReadOnly: c.ReadOnly, IsSensitive: c.IsSensitive,
		}
		if c.Source <= 0 && c.IsDefault { // as brokers before 1.1 say it
			e.Source = ConfigSourceDefault
		}
		e.IsDefault = e.Source == ConfigSourceDefault
		for _, s := range c.ConfigSynonyms {
			if e.Synonyms == nil {
				e.Synonyms = map[string]ConfigEntryResult{}
			}
			e.Synonyms[s.Name] = ConfigEntryResult{Name: s.Name, Value: deref(s.Value), Source: ConfigSource(s.Source), IsSynonym: true}
		}
		entries[c.Name] = e
	}
	return entries
}

// deref is the string that p points at, "" for nil.
func deref(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
