import avsc from 'avsc';
import { enums } from '../generated/enums.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';

/** An Avro enum whose values are the domain's: `TIMED_OUT` is read as, and written from, `timed-out`. */
export class SymbolType extends avsc.types.LogicalType {
  readonly #valueOf = new Map<unknown, string>();
  readonly #symbolOf = new Map<unknown, string>();
  readonly #fallback: string | undefined;
  readonly #enumName: string;

  constructor(schema: object, options: object) {
    super(schema as unknown as avsc.Type, options);
    const { underlyingType } = this;
    const { name = '' } = underlyingType;
    const symbols = underlyingType instanceof avsc.types.EnumType ? underlyingType.symbols : [];
    const known = enums[name];
    this.#enumName = name;
    this.#fallback = known?.fallback;
    for (const symbol of symbols) {
      const value = known?.values[symbol];
      if (value === undefined) continue;
      this.#valueOf.set(symbol, value);
      this.#symbolOf.set(value, symbol);
    }
  }

  protected override _fromValue(symbol: unknown): string {
    const value = this.#valueOf.get(symbol) ?? this.#fallback;
    if (value !== undefined) return value;
    throw new UnreadableRecordError(`this version knows no ${this.#enumName} ${String(symbol)}`);
  }

  protected override _toValue(value: unknown): string | undefined {
    return this.#symbolOf.get(value);
  }

  /** The writer's type has turned its symbols into values already. */
  protected override _resolve(writer: avsc.Type): ((value: unknown) => unknown) | undefined {
    return writer instanceof SymbolType && writer.#enumName === this.#enumName ? identity : undefined;
  }
}

const identity = (value: unknown): unknown => value;
