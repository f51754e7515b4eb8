package kafka

import "time"

// adminOptions are what the options of one call add up to.
type adminOptions struct {
	requestTimeout    time.Duration // how long the call may take
	requestTimeoutSet bool
	operationTimeout  time.Duration // how long the broker may take to carry out what it was asked
	validateOnly      bool
	isolation         IsolationLevel
	stableOffsets     bool
	states            []ConsumerGroupState
	types             []ConsumerGroupType
	authorizedOps     bool
}

// adminTimeoutMax bounds the timeouts that an option may set.
const adminTimeoutMax = time.Hour

// adminOptionsOf adds up the options of a call; nil ones are passed over.
func adminOptionsOf[O AdminOption](c *client, opts []O) (adminOptions, error) {
	o := adminOptions{requestTimeout: c.conf.ms("socket.timeout.ms"), operationTimeout: c.conf.ms("socket.timeout.ms")}
	for _, opt := range opts {
		if any(opt) == nil {
			continue
		}
		if err := opt.apply(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// AdminOption is any of the options below. Which ones a call takes is checked when the program is compiled: each call
// has an interface of its own, such as [CreateTopicsAdminOption]. Only this package's types are options.
type AdminOption interface {
	apply(o *adminOptions) error
}

// wholeMillis are the milliseconds of an option's duration. Durations below zero are taken as a number of
// milliseconds, as the peer does, so that -1 is -1.
func wholeMillis(d time.Duration) int64 {
	if d < 0 {
		return int64(d)
	}
	return d.Milliseconds()
}

// AdminOptionRequestTimeout is made by [SetAdminRequestTimeout].
type AdminOptionRequestTimeout struct {
	isSet bool
	val   time.Duration
}

// SetAdminRequestTimeout bounds how long the call as a whole may take, in milliseconds from 0 to an hour. Without it
// socket.timeout.ms does. A context that ends earlier ends the call earlier.
func SetAdminRequestTimeout(t time.Duration) (ao AdminOptionRequestTimeout) {
	return AdminOptionRequestTimeout{isSet: true, val: t}
}

func (ao AdminOptionRequestTimeout) apply(o *adminOptions) error {
	if !ao.isSet {
		return nil
	}
	ms := wholeMillis(ao.val)
	if ms < 0 || ms > adminTimeoutMax.Milliseconds() {
		return newErrorf(ErrInvalidArg, `Invalid value type for "request_timeout": expecting integer in range 0..%d`, adminTimeoutMax.Milliseconds())
	}
	o.requestTimeout, o.requestTimeoutSet = time.Duration(ms)*time.Millisecond, true
	return nil
}

// AdminOptionOperationTimeout is made by [SetAdminOperationTimeout].
type AdminOptionOperationTimeout struct {
	isSet bool
	val   time.Duration
}

// SetAdminOperationTimeout says how long the broker may take to carry the operation out, such as to bring a topic
// into being on all brokers: in milliseconds up to an hour, 0 to return when it is under way, -1 for the broker's
// default. Without it socket.timeout.ms does.
func SetAdminOperationTimeout(t time.Duration) (ao AdminOptionOperationTimeout) {
	return AdminOptionOperationTimeout{isSet: true, val: t}
}

func (ao AdminOptionOperationTimeout) apply(o *adminOptions) error {
	if !ao.isSet {
		return nil
	}
	ms := wholeMillis(ao.val)
	if ms < -1 || ms > adminTimeoutMax.Milliseconds() {
		return newErrorf(ErrInvalidArg, `Failed to set operation timeout: Invalid value type for "operation_timeout": expecting integer in range -1..%d`, adminTimeoutMax.Milliseconds())
	}
	o.operationTimeout = time.Duration(ms) * time.Millisecond
	return nil
}

// operationMillis is the operation timeout as requests carry it.
func (o adminOptions) operationMillis() int32 { return int32(o.operationTimeout.Milliseconds()) }

// AdminOptionValidateOnly is made by [SetAdminValidateOnly].
type AdminOptionValidateOnly struct {
	isSet bool
	val   bool
}

// SetAdminValidateOnly makes the broker check the request without carrying it out.
func SetAdminValidateOnly(validateOnly bool) (ao AdminOptionValidateOnly) {
	return AdminOptionValidateOnly{isSet: true, val: validateOnly}
}

func (ao AdminOptionValidateOnly) apply(o *adminOptions) error {
	if ao.isSet {
		o.validateOnly = ao.val
	}
	return nil
}

// IsolationLevel says whether offsets of transactions that are not finished count.
type IsolationLevel int

// Isolation levels.
const (
	IsolationLevelReadUncommitted IsolationLevel = 0
	IsolationLevelReadCommitted   IsolationLevel = 1
)

// AdminOptionIsolationLevel is made by [SetAdminIsolationLevel].
type AdminOptionIsolationLevel struct {
	isSet bool
	val   IsolationLevel
}

// SetAdminIsolationLevel says which end of a partition ListOffsets gives: with IsolationLevelReadCommitted the last
// stable offset. Without it, it is the high watermark.
func SetAdminIsolationLevel(isolationLevel IsolationLevel) (ao AdminOptionIsolationLevel) {
	return AdminOptionIsolationLevel{isSet: true, val: isolationLevel}
}

func (ao AdminOptionIsolationLevel) apply(o *adminOptions) error {
	if !ao.isSet {
		return nil
	}
	if ao.val < IsolationLevelReadUncommitted || ao.val > IsolationLevelReadCommitted {
		return newErrorf(ErrInvalidArg, `Invalid value type for "isolation_level": expecting integer in range 0..1`)
	}
	o.isolation = ao.val
	return nil
}

// AdminOptionRequireStableOffsets is made by [SetAdminRequireStableOffsets].
type AdminOptionRequireStableOffsets struct {
	isSet bool
	val   bool
}

// SetAdminRequireStableOffsets makes ListConsumerGroupOffsets fail partitions whose offset a transaction that is not
// finished is about to change, with ErrUnstableOffsetCommit.
func SetAdminRequireStableOffsets(val bool) (ao AdminOptionRequireStableOffsets) {
	return AdminOptionRequireStableOffsets{isSet: true, val: val}
}

func (ao AdminOptionRequireStableOffsets) apply(o *adminOptions) error {
	if ao.isSet {
		o.stableOffsets = ao.val
	}
	return nil
}

// AdminOptionMatchConsumerGroupStates is made by [SetAdminMatchConsumerGroupStates].
type AdminOptionMatchConsumerGroupStates struct {
	isSet bool
	val   []ConsumerGroupState
}

// SetAdminMatchConsumerGroupStates makes ListConsumerGroups list only groups in one of these states. No states means
// all. An unknown state or one given twice is an ErrInvalidArg.
func SetAdminMatchConsumerGroupStates(val []ConsumerGroupState) (ao AdminOptionMatchConsumerGroupStates) {
	return AdminOptionMatchConsumerGroupStates{isSet: true, val: val}
}

func (ao AdminOptionMatchConsumerGroupStates) apply(o *adminOptions) error {
	if !ao.isSet {
		return nil
	}
	seen := map[ConsumerGroupState]bool{}
	for _, s := range ao.val {
		if s < ConsumerGroupStateUnknown || s > ConsumerGroupStateEmpty {
			return newErrorf(ErrInvalidArg, "Invalid group state value")
		}
		if seen[s] {
			return newErrorf(ErrInvalidArg, "Duplicate states not allowed")
		}
		seen[s] = true
	}
	o.states = ao.val
	return nil
}

// AdminOptionMatchConsumerGroupTypes is made by [SetAdminMatchConsumerGroupTypes].
type AdminOptionMatchConsumerGroupTypes struct {
	isSet bool
	val   []ConsumerGroupType
}

// SetAdminMatchConsumerGroupTypes makes ListConsumerGroups list only groups of one of these types. No types means
// all. An unknown type or one given twice is an ErrInvalidArg.
func SetAdminMatchConsumerGroupTypes(val []ConsumerGroupType) (ao AdminOptionMatchConsumerGroupTypes) {
	return AdminOptionMatchConsumerGroupTypes{isSet: true, val: val}
}

func (ao AdminOptionMatchConsumerGroupTypes) apply(o *adminOptions) error {
	if !ao.isSet {
		return nil
	}
	seen := map[ConsumerGroupType]bool{}
	for _, t := range ao.val {
		switch {
		case t == ConsumerGroupTypeUnknown:
			return newErrorf(ErrInvalidArg, "UNKNOWN type is not allowed")
		case t < 0 || t > ConsumerGroupTypeClassic:
			return newErrorf(ErrInvalidArg, "Only a valid type is allowed")
		case seen[t]:
			return newErrorf(ErrInvalidArg, "Duplicate types not allowed")
		}
		seen[t] = true
	}
	o.types = ao.val
	return nil
}

// AdminOptionIncludeAuthorizedOperations is made by [SetAdminOptionIncludeAuthorizedOperations].
type AdminOptionIncludeAuthorizedOperations struct {
	isSet bool
	val   bool
}

// SetAdminOptionIncludeAuthorizedOperations makes a description say what the client's principal may do.
func SetAdminOptionIncludeAuthorizedOperations(val bool) (ao AdminOptionIncludeAuthorizedOperations) {
	return AdminOptionIncludeAuthorizedOperations{isSet: true, val: val}
}

func (ao AdminOptionIncludeAuthorizedOperations) apply(o *adminOptions) error {
	if ao.isSet {
		o.authorizedOps = ao.val
	}
	return nil
}
