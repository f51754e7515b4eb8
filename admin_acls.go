package kafka

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
