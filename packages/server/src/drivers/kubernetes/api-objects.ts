// The objects of Kubernetes as far as this driver reads them. Whatever else the API server sends is left behind when an answer is read,
// so that ten thousand pods take little room.

import { z } from 'zod';

const time = z.string().nullish();

const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    creationTimestamp: time,
    deletionTimestamp: time,
    annotations: z.record(z.string(), z.string()).nullish(),
    ownerReferences: z
      .array(z.object({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({ nodeName: z.string().nullish(), terminationGracePeriodSeconds: z.number().nullish() }).nullish(),
  status: z
    .object({
      phase: z.string().nullish(),
      startTime: time,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().nullish(),
            message: z.string().nullish(),
            lastTransitionTime: time,
          }),
        )
        .nullish(),
      initContainerStatuses: z.array(containerSchema()).nullish(),
      containerStatuses: z.array(containerSchema()).nullish(),
    })
    .nullish(),
});
export type Pod = z.infer<typeof podSchema>;
export type ContainerStatus = z.infer<ReturnType<typeof containerSchema>>;

function containerSchema() {
  const waiting = z.object({ reason: z.string().nullish(), message: z.string().nullish() }).nullish();
  return z.object({
    name: z.string(),
    restartCount: z.number().nullish(),
    state: z.object({ waiting }).nullish(),
  });
}

export const podListSchema = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: z.array(podSchema).nullish(),
});

/** Of the sub-resource `scale`, the same for every kind of workload. Numbers that are zero may be left out. */
export const scaleSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({ replicas: z.number().int().nullish() }).nullish(),
  status: z.object({ replicas: z.number().int().nullish(), selector: z.string().nullish() }).nullish(),
});
export type Scale = z.infer<typeof scaleSchema>;

export const workloadSchema = z.object({
  spec: z.object({ ordinals: z.object({ start: z.number().int().nullish() }).nullish() }).nullish(),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().nullish(),
            message: z.string().nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});
export type Workload = z.infer<typeof workloadSchema>;

/** How the API server says no. */
export const statusSchema = z.object({
  message: z.string().nullish(),
  reason: z.string().nullish(),
  code: z.number().nullish(),
});

const other = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

export const watchEventSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.enum(['ADDED', 'MODIFIED', 'DELETED']),
    object: podSchema.extend({ metadata: podSchema.shape.metadata.extend({ resourceVersion: z.string() }) }),
  }),
  z.object({ type: z.literal('BOOKMARK'), object: other }),
  z.object({ type: z.literal('ERROR'), object: statusSchema }),
]);
