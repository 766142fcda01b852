// Something the reader does that changes the server: sent once, then what it touched is asked again; a refusal is shown in full.

import type { LiveTopic } from '@tidewheel/protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useToasts } from '../parts/toast.tsx';

interface ActionOptions<Input, Output> {
  readonly send: (input: Input) => Promise<Output>;
  readonly touches: readonly LiveTopic[];
  readonly onDone?: (output: Output, input: Input) => void;
}

export interface Action<Input> {
  readonly run: (input: Input) => void;
  readonly busy: boolean;
}

export function useAction<Input, Output>({ send, touches, onDone }: ActionOptions<Input, Output>): Action<Input> {
  const client = useQueryClient();
  const toasts = useToasts();
  const mutation = useMutation({
    mutationFn: send,
    onSuccess: (output, input) => onDone?.(output, input),
    onError: (error) => toasts.refuse(error),
    onSettled: () =>
      void client.invalidateQueries({
        predicate: (query) => query.meta?.topics?.some((topic) => touches.includes(topic)) === true,
      }),
  });
  return { run: (input) => mutation.mutate(input), busy: mutation.isPending };
}
