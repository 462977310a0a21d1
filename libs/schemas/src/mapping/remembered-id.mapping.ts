import { epochMillis, type EpochMillis, type RememberedId } from '@ratchet/domain';

const never = epochMillis(0);

interface AvroIds {
  readonly ids: readonly string[];
  /** Empty where none has a time, as nearly always. */
  readonly until: readonly EpochMillis[];
}

export const rememberedToAvro = (remembered: readonly RememberedId[]): AvroIds => ({
  ids: remembered.map(({ id }) => id),
  until: remembered.some(({ until }) => until !== never) ? remembered.map(({ until }) => until) : [],
});

export const rememberedToDomain = ({ ids, until }: AvroIds): readonly RememberedId[] =>
  ids.map((id, index) => ({ id, until: until[index] ?? never }));
