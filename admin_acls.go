package kafka

import (
	"cmp"
	"context"
	"sort"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ResourceType says what a configuration, an ACL or a description is about.
type ResourceType int

// Resource types.
const (
	ResourceUnknown         ResourceType = 0
	ResourceAny             ResourceType = 1 // in filters: any type
	ResourceTopic           ResourceType = 2
	ResourceGroup           ResourceType = 3
	ResourceBroker          ResourceType = 4 // in ACLs: the cluster
	ResourceTransactionalID ResourceType = 5
)

var resourceTypeNames = []string{"UNKNOWN", "ANY", "TOPIC", "GROUP", "BROKER", "TRANSACTIONAL_ID"}

// String returns the name in capitals, UNSUPPORTED for a number without one.
func (t ResourceType) String() string { return nameOf(resourceTypeNames, int(t)) }

// ResourceTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ResourceTypeFromString(typeString string) (ResourceType, error) {
	return fromName[ResourceType](resourceTypeNames, typeString, "Unknown resource type")
}

// ResourcePatternType says how the name of an ACL is compared with names of resources.
type ResourcePatternType int

// Resource pattern types.
const (
	ResourcePatternTypeUnknown  ResourcePatternType = 0
	ResourcePatternTypeAny      ResourcePatternType = 1 // in filters: any type
	ResourcePatternTypeMatch    ResourcePatternType = 2 // in filters: whatever applies to a resource of this name
	ResourcePatternTypeLiteral  ResourcePatternType = 3 // the name itself, or "*" for all
	ResourcePatternTypePrefixed ResourcePatternType = 4 // names that begin so
)

var patternTypeNames = []string{"UNKNOWN", "ANY", "MATCH", "LITERAL", "PREFIXED"}

// String returns the name in capitals, UNSUPPORTED for a number without one.
func (t ResourcePatternType) String() string { return nameOf(patternTypeNames, int(t)) }

// ResourcePatternTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ResourcePatternTypeFromString(patternTypeString string) (ResourcePatternType, error) {
	return fromName[ResourcePatternType](patternTypeNames, patternTypeString, "Unknown resource pattern type")
}

// ACLOperation is what an ACL allows or denies.
type ACLOperation int

// ACL operations.
const (
	ACLOperationUnknown         ACLOperation = 0
	ACLOperationAny             ACLOperation = 1 // in filters: any operation
	ACLOperationAll             ACLOperation = 2
	ACLOperationRead            ACLOperation = 3
	ACLOperationWrite           ACLOperation = 4
	ACLOperationCreate          ACLOperation = 5
	ACLOperationDelete          ACLOperation = 6
	ACLOperationAlter           ACLOperation = 7
	ACLOperationDescribe        ACLOperation = 8
	ACLOperationClusterAction   ACLOperation = 9
	ACLOperationDescribeConfigs ACLOperation = 10
	ACLOperationAlterConfigs    ACLOperation = 11
	ACLOperationIdempotentWrite ACLOperation = 12
)

var aclOperationNames = []string{
	"UNKNOWN", "ANY", "ALL", "READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "CLUSTER_ACTION",
	"DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE",
}

// String returns the name in capitals, UNSUPPORTED for a number without one.
func (o ACLOperation) String() string { return nameOf(aclOperationNames, int(o)) }

// ACLOperationFromString returns the operation of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ACLOperationFromString(aclOperationString string) (ACLOperation, error) {
	return fromName[ACLOperation](aclOperationNames, aclOperationString, "Unknown ACL operation")
}

// ACLPermissionType says whether an ACL allows or denies.
type ACLPermissionType int

// ACL permission types.
const (
	ACLPermissionTypeUnknown ACLPermissionType = 0
	ACLPermissionTypeAny     ACLPermissionType = 1 // in filters: either
	ACLPermissionTypeDeny    ACLPermissionType = 2
	ACLPermissionTypeAllow   ACLPermissionType = 3
)

var permissionTypeNames = []string{"UNKNOWN", "ANY", "DENY", "ALLOW"}

// String returns the name in capitals, UNSUPPORTED for a number without one.
func (o ACLPermissionType) String() string { return nameOf(permissionTypeNames, int(o)) }

// ACLPermissionTypeFromString returns the type of this name in any case; ErrInvalidArg for any other, also "UNKNOWN".
func ACLPermissionTypeFromString(aclPermissionTypeString string) (ACLPermissionType, error) {
	return fromName[ACLPermissionType](permissionTypeNames, aclPermissionTypeString, "Unknown ACL permission type")
}

// ACLBinding is an ACL: it allows or denies a principal an operation on resources. As a filter it is the same with
// room for more: empty strings, and the Any values, fit everything.
type ACLBinding struct {
	Type                ResourceType
	Name                string
	ResourcePatternType ResourcePatternType
	Principal           string // such as "User:alice"
	Host                string // that the principal comes from, "*" for any
	Operation           ACLOperation
	PermissionType      ACLPermissionType
}

// ACLBindingFilter is an ACLBinding of which fields may be left open.
type ACLBindingFilter = ACLBinding

// ACLBindings sorts by all fields in the order that they have in the struct.
type ACLBindings []ACLBinding

// ACLBindingFilters are the filters of DeleteACLs.
type ACLBindingFilters []ACLBindingFilter

// Len is part of sort.Interface.
func (a ACLBindings) Len() int { return len(a) }

// Swap is part of sort.Interface.
func (a ACLBindings) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Less is part of sort.Interface.
func (a ACLBindings) Less(i, j int) bool {
	x, y := a[i], a[j]
	return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Name, y.Name), cmp.Compare(x.ResourcePatternType, y.ResourcePatternType),
		cmp.Compare(x.Principal, y.Principal), cmp.Compare(x.Host, y.Host), cmp.Compare(x.Operation, y.Operation),
		cmp.Compare(x.PermissionType, y.PermissionType)) < 0
}

// CreateACLResult says what happened to one ACL.
type CreateACLResult struct {
	Error Error
}

// DescribeACLsResult are the ACLs that fit a filter.
type DescribeACLsResult struct {
	ACLBindings ACLBindings
	Error       Error
}

// DeleteACLsResult are the ACLs that fitted a filter and are deleted.
type DeleteACLsResult = DescribeACLsResult

// check says what is wrong with a binding, or with a filter: the first field of which brokers could make nothing.
func (b ACLBinding) check(filter bool) error {
	// Beside unknown numbers a binding may hold nothing that stands for several.
	bad, kind := "", "binding"
	wrong := func(n, last, several int) bool { return n <= 0 || n > last || !filter && n <= several }
	switch {
	case !filter && b.Name == "":
		bad = "resource name"
	case !filter && b.Principal == "":
		bad = "principal"
	case !filter && b.Host == "":
		bad = "host"
	case wrong(int(b.Type), int(ResourceTransactionalID), int(ResourceAny)):
		bad = "resource type"
	case wrong(int(b.ResourcePatternType), int(ResourcePatternTypePrefixed), int(ResourcePatternTypeMatch)):
		bad = "resource pattern type"
	case wrong(int(b.Operation), int(ACLOperationIdempotentWrite), int(ACLOperationAny)):
		bad = "operation"
	case wrong(int(b.PermissionType), int(ACLPermissionTypeAllow), int(ACLPermissionTypeAny)):
		bad = "permission type"
	default:
		return nil
	}
	if filter {
		kind = "binding filter"
	}
	return newErrorf(ErrInvalidArg, "Invalid arguments for ACL %s %v: Invalid %s", kind, &b, bad)
}

// open is a filter's string as the protocol has it: nil fits everything.
func open(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// CreateACLs makes ACLs. One that is there already is no error. See [AdminClient] for how calls wait. ErrInvalidArg: an
// empty list, a field left open.
func (a *AdminClient) CreateACLs(ctx context.Context, aclBindings ACLBindings, options ...CreateACLsAdminOption) (result []CreateACLResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	if len(aclBindings) == 0 {
		return nil, newErrorf(ErrInvalidArg, "Expected %s slice of ACLBinding structs", nilOrEmpty(aclBindings == nil))
	}
	req := kmsg.NewPtrCreateACLsRequest()
	for _, b := range aclBindings {
		if err := b.check(false); err != nil {
			return nil, err
		}
		c := kmsg.NewCreateACLsRequestCreation()
		c.ResourceType, c.ResourceName, c.ResourcePatternType = kmsg.ACLResourceType(b.Type), b.Name, kmsg.ACLResourcePatternType(b.ResourcePatternType)
		c.Principal, c.Host, c.Operation, c.PermissionType = b.Principal, b.Host, kmsg.ACLOperation(b.Operation), kmsg.ACLPermissionType(b.PermissionType)
		req.Creations = append(req.Creations, c)
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	resp, err := request[*kmsg.CreateACLsResponse](call, req)
	if err != nil {
		return nil, err
	}
	result = make([]CreateACLResult, len(aclBindings))
	for i, b := range aclBindings { // the broker answers in the order of the request
		if i < len(resp.Results) {
			result[i].Error = itemError(resp.Results[i].ErrorCode, resp.Results[i].ErrorMessage)
		} else {
			result[i].Error = missing("ACL of", b.Name)
		}
	}
	return result, nil
}

// nilOrEmpty is what an empty list should not have been.
func nilOrEmpty(isNil bool) string {
	if isNil {
		return "non-nil"
	}
	return "non-empty"
}

// DescribeACLs finds the ACLs that fit a filter, sorted. See [AdminClient] for how calls wait. ErrInvalidArg: a field
// that is no known value.
func (a *AdminClient) DescribeACLs(ctx context.Context, aclBindingFilter ACLBindingFilter, options ...DescribeACLsAdminOption) (result *DescribeACLsResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	if err := aclBindingFilter.check(true); err != nil {
		return nil, err
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	f := aclBindingFilter
	req := kmsg.NewPtrDescribeACLsRequest()
	req.ResourceType, req.ResourceName, req.ResourcePatternType = kmsg.ACLResourceType(f.Type), open(f.Name), kmsg.ACLResourcePatternType(f.ResourcePatternType)
	req.Principal, req.Host, req.Operation, req.PermissionType = open(f.Principal), open(f.Host), kmsg.ACLOperation(f.Operation), kmsg.ACLPermissionType(f.PermissionType)
	resp, err := request[*kmsg.DescribeACLsResponse](call, req)
	if err != nil {
		return nil, err
	}
	if resp.ErrorCode != 0 {
		return nil, itemError(resp.ErrorCode, resp.ErrorMessage)
	}
	result = &DescribeACLsResult{ACLBindings: ACLBindings{}, Error: itemError(0, nil)}
	for _, r := range resp.Resources {
		for _, b := range r.ACLs {
			result.ACLBindings = append(result.ACLBindings, ACLBinding{
				ResourceType(r.ResourceType), r.ResourceName, ResourcePatternType(r.ResourcePatternType),
				b.Principal, b.Host, ACLOperation(b.Operation), ACLPermissionType(b.PermissionType),
			})
		}
	}
	sort.Sort(result.ACLBindings)
	return result, nil
}

// DeleteACLs deletes the ACLs that fit one of the filters, and returns them for each of the filters. See [AdminClient]
// for how calls wait. ErrInvalidArg: an empty list, a field that is no known value.
func (a *AdminClient) DeleteACLs(ctx context.Context, aclBindingFilters ACLBindingFilters, options ...DeleteACLsAdminOption) (result []DeleteACLsResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	if len(aclBindingFilters) == 0 {
		return nil, newErrorf(ErrInvalidArg, "Expected %s slice of ACLBindingFilter structs", nilOrEmpty(aclBindingFilters == nil))
	}
	req := kmsg.NewPtrDeleteACLsRequest()
	for _, f := range aclBindingFilters {
		if err := f.check(true); err != nil {
			return nil, err
		}
		rf := kmsg.NewDeleteACLsRequestFilter()
		rf.ResourceType, rf.ResourceName, rf.ResourcePatternType = kmsg.ACLResourceType(f.Type), open(f.Name), kmsg.ACLResourcePatternType(f.ResourcePatternType)
		rf.Principal, rf.Host, rf.Operation, rf.PermissionType = open(f.Principal), open(f.Host), kmsg.ACLOperation(f.Operation), kmsg.ACLPermissionType(f.PermissionType)
		req.Filters = append(req.Filters, rf)
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	resp, err := request[*kmsg.DeleteACLsResponse](call, req)
	if err != nil {
		return nil, err
	}
	result = make([]DeleteACLsResult, len(aclBindingFilters))
	for i, f := range aclBindingFilters { // the broker answers in the order of the request
		result[i] = DeleteACLsResult{ACLBindings: ACLBindings{}}
		if i >= len(resp.Results) {
			result[i].Error = missing("ACL filter of", f.Name)
			continue
		}
		r := resp.Results[i]
		result[i].Error = itemError(r.ErrorCode, r.ErrorMessage)
		for _, b := range r.MatchingACLs {
			result[i].ACLBindings = append(result[i].ACLBindings, ACLBinding{
				ResourceType(b.ResourceType), b.ResourceName, ResourcePatternType(b.ResourcePatternType),
				b.Principal, b.Host, ACLOperation(b.Operation), ACLPermissionType(b.PermissionType),
			})
			if b.ErrorCode != 0 && result[i].Error.code == ErrNoError {
				result[i].Error = itemError(b.ErrorCode, b.ErrorMessage)
			}
		}
		sort.Sort(result[i].ACLBindings)
	}
	return result, nil
}
