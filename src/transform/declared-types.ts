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

/** What may be declared for `Value`; anything if its type was not given. */
export type PathOf<Value> = [keyof Value] extends [never] ? string : DeclaredPath<Value>;

/** `Value` with the declared fields only. Names in a map (`Record<string, …>`) may be absent. */
export type Declared<Value, Path extends string> = string extends keyof Value
  ? { [Name in HeadOf<Path>]: InsideOf<Value[Name & keyof Value], Path, Name> | undefined }
  : {
      [Name in keyof Value & string as Name extends HeadOf<Path> ? Name : never]: InsideOf<
        Value[Name],
        Path,
        Name
      >;
    };

type InsideOf<Value, Path extends string, Name extends string> = Name extends Path
  ? Value
  : Declared<Value, RestOf<Path, Name>>;

type RestOf<Path extends string, Name extends string> = Path extends `${Name}.${infer Rest}` ? Rest : never;

/** A result with the declared fields of `Value`, and none of its others: a record with those is rejected. */
export type Written<Value, Path extends string> = Declared<Value, Path> & Without<Value, Path>;

type Without<Value, Path extends string> = string extends keyof Value
  ? unknown
  : { readonly [Name in Exclude<keyof Value & string, HeadOf<Path>>]?: never } & {
      readonly [Name in Exclude<keyof Value & string & HeadOf<Path>, Path>]: Without<
        Value[Name],
        RestOf<Path, Name>
      >;
    };
