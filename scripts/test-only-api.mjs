// Finds what src exports, and which public members its classes have, that nothing but test/ uses.
// One pass over every identifier of the project: whose symbol it is, and in which room it was met.
import { relative } from 'node:path';
import ts from 'typescript';

/** Rooms whose use counts. Examples and tests of types represent users of the library. */
const USERS = /^(src|workers|benchmarks|examples|test\/types)\//;
const LIBRARY = 'src/index.ts';

function loadProgram(root) {
  const config = ts.getParsedCommandLineOfConfigFile(
    `${root}/tsconfig.json`,
    { noEmit: true },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
        throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
      },
    },
  );
  return ts.createProgram(config.fileNames, config.options);
}

/** The symbol behind imports and re-exports. */
function target(checker, symbol) {
  return symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias
    ? checker.getAliasedSymbol(symbol)
    : symbol;
}

function isHidden(member) {
  const flags = ts.getCombinedModifierFlags(member);
  return (
    (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
    ts.isPrivateIdentifier(member.name)
  );
}

/** The public methods, accessors and fields of a class declaration. */
function publicMembers(declaration) {
  return declaration.members.filter(
    (member) => member.name !== undefined && ts.isIdentifier(member.name) && !isHidden(member),
  );
}

/** Whether an identifier declares its symbol, or imports or re-exports it, rather than uses it. */
function isMention(node) {
  const { parent } = node;
  return (
    (parent.name === node && ts.isDeclarationStatement(parent)) ||
    (parent.name === node && (ts.isClassElement(parent) || ts.isVariableDeclaration(parent))) ||
    ts.isImportSpecifier(parent) ||
    ts.isExportSpecifier(parent)
  );
}

/**
 * Symbols used in a room that counts, the names of members of interfaces and literal types used there, and
 * the modules that are loaded on demand.
 */
function collectUses(program, checker, root) {
  const used = new Set();
  const usedNames = new Set();
  const loaded = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node) && !isMention(node)) {
      const shorthand = ts.isShorthandPropertyAssignment(node.parent)
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : undefined;
      for (const found of [checker.getSymbolAtLocation(node), shorthand]) noteUse(target(checker, found));
    }
    if (ts.isObjectBindingPattern(node)) noteBinding(node);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      loaded.add(checker.getSymbolAtLocation(node.arguments[0]));
    ts.forEachChild(node, visit);
  };
  const noteUse = (symbol) => {
    if (symbol === undefined) return;
    for (const root of checker.getRootSymbols(symbol)) {
      used.add(root);
      const [declaration] = root.declarations ?? [];
      if (declaration !== undefined && !ts.isClassElement(declaration)) usedNames.add(root.name);
    }
  };
  const noteBinding = (pattern) => {
    const type = checker.getTypeAtLocation(pattern);
    for (const element of pattern.elements)
      noteUse(checker.getPropertyOfType(type, (element.propertyName ?? element.name).getText()));
  };
  for (const file of program.getSourceFiles()) if (USERS.test(relative(root, file.fileName))) visit(file);
  return { used, usedNames, loaded };
}

export function testOnlyApi(root) {
  const program = loadProgram(root);
  const checker = program.getTypeChecker();
  const { used, usedNames, loaded } = collectUses(program, checker, root);
  const exportsOf = (file) =>
    checker.getExportsOfModule(checker.getSymbolAtLocation(file) ?? { exports: undefined });
  const library = new Set(
    exportsOf(program.getSourceFile(`${root}/${LIBRARY}`.replace('//', '/'))).map((symbol) =>
      target(checker, symbol),
    ),
  );
  const unused = [];
  for (const file of program.getSourceFiles()) {
    const name = relative(root, file.fileName);
    if (!/^src\//.test(name) || name === LIBRARY || checker.getSymbolAtLocation(file) === undefined) continue;
    for (const exported of exportsOf(file)) {
      const symbol = target(checker, exported);
      if (library.has(symbol)) continue;
      const byName = loaded.has(checker.getSymbolAtLocation(file)) && usedNames.has(exported.name);
      if (!used.has(symbol) && !byName) unused.push(`${name} ${exported.name}`);
      const declaration = symbol.declarations?.find(ts.isClassDeclaration);
      if (declaration === undefined || declaration.getSourceFile() !== file) continue;
      for (const member of publicMembers(declaration)) {
        const known = checker.getSymbolAtLocation(member.name);
        if (!used.has(known) && !usedNames.has(known.name))
          unused.push(`${name} ${exported.name}.${known.name}`);
      }
    }
  }
  return unused.sort();
}
