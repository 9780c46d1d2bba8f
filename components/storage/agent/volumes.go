package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const (
	// name by which storage classes know this provisioner.
	name = "grunnmur.internal/node-disk"
	// selectedNode is what the scheduler writes on a claim.
	selectedNode  = "volume.kubernetes.io/selected-node"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	// keptFree is the part of the disk that is promised to nobody, in percent: images and logs may be on it too.
	keptFree = 15
)

// provisioner makes a folder for each claim of this node's pods.
type provisioner struct {
	node string
	// path of the folder of volumes on the node, as the kubelet mounts it.
	path string
	// root is the same folder; nothing outside it is reached, whatever a link in it or a name says.
	root *os.Root
	// size of the disk in bytes.
	size    func() (int64, error)
	labels  func(context.Context) (map[string]string, error)
	volumes func(context.Context) ([]v1.PersistentVolume, error)
}

// ShouldProvision leaves other nodes' claims to their own agents.
func (p *provisioner) ShouldProvision(_ context.Context, claim *v1.PersistentVolumeClaim) bool {
	return claim.Annotations[selectedNode] == p.node
}

// ShouldDelete leaves other nodes' volumes to their own agents.
func (p *provisioner) ShouldDelete(_ context.Context, volume *v1.PersistentVolume) bool {
	return p.made(volume)
}

func (p *provisioner) Provision(ctx context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	claim := options.PVC
	if claim.Spec.Selector != nil {
		return nil, controller.ProvisioningFinished, errors.New("a claim with a selector wants a volume that there is already; leave spec.selector out to get a new one")
	}
	if claim.Spec.DataSource != nil || claim.Spec.DataSourceRef != nil {
		return nil, controller.ProvisioningFinished, errors.New("volumes on nodes' disks begin empty; leave spec.dataSource out")
	}
	for _, mode := range claim.Spec.AccessModes {
		if mode != v1.ReadWriteOnce && mode != v1.ReadWriteOncePod {
			return nil, controller.ProvisioningFinished, fmt.Errorf("a volume on a node's disk cannot be %s, which asks for several nodes at once; allowed are ReadWriteOnce and ReadWriteOncePod", mode)
		}
	}
	labels, err := p.place(ctx)
	if err != nil {
		return nil, controller.ProvisioningNoChange, err
	}
	wanted := claim.Spec.Resources.Requests[v1.ResourceStorage]
	if err := p.fits(ctx, wanted); err != nil {
		return nil, controller.ProvisioningReschedule, err
	}
	if err := p.root.Mkdir(options.PVName, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, controller.ProvisioningFinished, err
	}
	// Whatever user a pod runs as; nobody else gets past the folder that holds them all. The mode above is less the umask.
	if err := p.root.Chmod(options.PVName, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: wanted},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: p.path + "/" + options.PVName}},
			NodeAffinity:                  only(labels),
		},
	}, controller.ProvisioningFinished, nil
}

func (p *provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	if !p.made(volume) {
		return &controller.IgnoredError{Reason: "it is not of this node"}
	}
	return p.root.RemoveAll(volume.Name)
}

// made tells whether a volume is a folder of this node: who may write volumes could name any path in one.
func (p *provisioner) made(volume *v1.PersistentVolume) bool {
	local := volume.Spec.Local
	return volume.Annotations[provisionedBy] == name && local != nil &&
		local.Path == p.path+"/"+volume.Name && nodeOf(volume) == p.node
}

// place is where this node's volumes are bound to: the node, in its country.
func (p *provisioner) place(ctx context.Context) (map[string]string, error) {
	labels, err := p.labels(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, key := range []string{v1.LabelHostname, v1.LabelTopologyRegion} {
		value, ok := labels[key]
		if !ok {
			return nil, fmt.Errorf("node %s has no label %s, by which its volumes are bound to it", p.node, key)
		}
		found[key] = value
	}
	return found, nil
}

// fits tells what is wrong with one more volume: more must not be promised than the disk has.
func (p *provisioner) fits(ctx context.Context, wanted resource.Quantity) error {
	size, err := p.size()
	if err != nil {
		return err
	}
	volumes, err := p.volumes(ctx)
	if err != nil {
		return err
	}
	free := size / 100 * (100 - keptFree)
	for _, volume := range volumes {
		if p.made(&volume) {
			capacity := volume.Spec.Capacity[v1.ResourceStorage]
			free -= capacity.Value()
		}
	}
	if wanted.Value() > free {
		return fmt.Errorf("the disk of %s has %s left to promise, and %s were asked for", p.node, resource.NewQuantity(max(free, 0), resource.BinarySI), wanted.String())
	}
	return nil
}

func only(labels map[string]string) *v1.VolumeNodeAffinity {
	var expressions []v1.NodeSelectorRequirement
	for _, key := range []string{v1.LabelHostname, v1.LabelTopologyRegion} {
		expressions = append(expressions, v1.NodeSelectorRequirement{Key: key, Operator: v1.NodeSelectorOpIn, Values: []string{labels[key]}})
	}
	term := v1.NodeSelectorTerm{MatchExpressions: expressions}
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{term}}}
}

// nodeOf reads what `only` wrote.
func nodeOf(volume *v1.PersistentVolume) string {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return ""
	}
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, each := range term.MatchExpressions {
			if each.Key == v1.LabelHostname && len(each.Values) == 1 {
				return each.Values[0]
			}
		}
	}
	return ""
}
