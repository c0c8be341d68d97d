/** The types of declared fields: `reads: ['amount', 'user.name']`. */

/** How deep a dotted path may go in the types; deeper fields are declared by the record that holds them. */
type Depth = readonly [never, 0, 1, 2, 3];

/** Values that may have fields of their own: neither a list nor bytes, a date and so on. */
type HasFields<Value> = Value extends
  | readonly unknown[]
  | Uint8Array
  | Date
  | ((...given: never[]) => unknown)
  ? false
  : Value extends object
    ? true
    : false;

/** The name of a field of `Value`, or of one inside it: `'user'`, `'user.name'`. */
export type DeclaredPath<Value, Left extends number = 4> = Left extends 0
  ? never
  : {
      [Name in keyof Value & string]:
        | Name
        | (HasFields<Value[Name]> extends true
            ? `${Name}.${DeclaredPath<Value[Name], Depth[Left] & number>}`
            : never);
    }[keyof Value & string];

type HeadOf<Path extends string> = Path extends `${infer Name}.${string}` ? Name : Path;

/** `Value` with the declared fields only. */
export type Declared<Value, Path extends string> = {
  [Name in keyof Value & string as Name extends HeadOf<Path> ? Name : never]: Name extends Path
    ? Value[Name]
    : Declared<Value[Name], RestOf<Path, Name>>;
};

type RestOf<Path extends string, Name extends string> = Path extends `${Name}.${infer Rest}` ? Rest : never;
