package flow

// What the reader of manifests derived, corrected or left out. The English
// sentence of each stands above it; %[n]s are the Reason's Args.
const (
	// CodeUnknownField says: %[1]s has a field %[2]s that the API does not know; it has no effect
	CodeUnknownField Code = "unknown-field"
	// CodeUnknownFieldNear says: %[1]s has a field %[2]s that the API does not know; it has no effect (did you mean %[3]s?)
	CodeUnknownFieldNear Code = "unknown-field-near"
	// CodeHostBits says: %[1]s %[2]s: %[3]s has bits set behind its mask and was read as %[4]s; a current API server refuses it
	CodeHostBits Code = "cidr-host-bits"

	// CodeIgnoredKind says: objects of kind %[1]s (%[2]s) are not used
	CodeIgnoredKind Code = "ignored-kind"
	// CodeIgnoredNoObject says: not a Kubernetes object: it has neither apiVersion nor kind (a values file?)
	CodeIgnoredNoObject Code = "ignored-no-object"
	// CodeIgnoredKustomization says: a kustomization is not a cluster; to read what it builds: kubectl kustomize DIR | portolan ... -f -
	CodeIgnoredKustomization Code = "ignored-kustomization"
	// CodeIgnoredStaged says: a staged policy of %[1]s is not enforced
	CodeIgnoredStaged Code = "ignored-staged-policy"
	// CodeIgnoredSecondary says: %[1]s applies to secondary networks only, not to the pod network that Services use
	CodeIgnoredSecondary Code = "ignored-secondary-network"
	// CodeIgnoredEndpoints says: Endpoints of %[1]s: its EndpointSlices are in the input and count instead
	CodeIgnoredEndpoints Code = "ignored-endpoints"
	// CodeIgnoredEndpointsOrphan says: Endpoints %[1]s: the input holds no Service of that name
	CodeIgnoredEndpointsOrphan Code = "ignored-endpoints-orphan"

	// CodePodsDerived says: %[1]s pods were derived from the templates of %[2]s workloads that have no pods in the input (%[3]s); no more than 3 for each
	CodePodsDerived Code = "pods-derived"
	// CodePodsInvented says: %[1]s pods have no address in the input and got one from %[2]s, which no real pod has; ipBlock rules cannot be judged for them
	CodePodsInvented Code = "pods-invented-addresses"
	// CodeServicesInvented says: %[1]s Services have no cluster IP in the input and got one from %[2]s, which no real Service has
	CodeServicesInvented Code = "services-invented-addresses"
	// CodeEndpointsDerived says: the input holds no EndpointSlice: the endpoints of %[1]s Services were derived from their selectors and the pods
	CodeEndpointsDerived Code = "endpoints-derived"
	// CodeEndpointsConverted says: the endpoints of %[1]s Services were read from Endpoints objects, since the input holds no EndpointSlices of them
	CodeEndpointsConverted Code = "endpoints-converted"
	// CodeNodesImplied says: Nodes could not be read, and pods name %[1]s of them: of these only name and address are known (%[2]s)
	CodeNodesImplied Code = "nodes-implied"
	// CodeNamespacesImplied says: %[1]s namespaces are known by name only, so their labels are not known (%[2]s)
	CodeNamespacesImplied Code = "namespaces-implied"
)
